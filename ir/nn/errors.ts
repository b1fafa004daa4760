/// The part of the catalogue about layers.
import { defineError } from "../diagnostic.ts";
import type { Dim } from "../dim.ts";
import { formatType, type TensorType } from "../type.ts";

export const channelGroups = defineError(
  "channel-groups",
  "Channels fall into groups, or a width into heads, of equal size.",
  (layer: string, channels: Dim, groups: number, found: TensorType) => ({
    message: `${layer}: ${channels} channels must fall into ${groups} equal parts: found ${formatType(found)}`,
    help: "take a number of parts that divides the channels",
  }),
);
