/// The part of the catalogue about layers.
import { defineError } from "../diagnostic.ts";
import type { Dim } from "../dim.ts";
import { formatType, sameShape, type TensorType } from "../type.ts";

/** What a target must be for a loss or metric that takes labels of classes. */
export const classTarget = "i32 labels of one axis less, or floats of the same shape";

/** True for a target that has the shape of labels, one axis less than the prediction, but another element type. */
function isLabels({ shape }: TensorType, target: TensorType): boolean {
  return target.dtype !== "i32" && shape.length > 0 && sameShape(target.shape, shape.slice(0, -1));
}

/** True for a target that has the shape of the prediction, but no floats. */
function isRow({ shape }: TensorType, target: TensorType): boolean {
  return target.dtype !== "f32" && sameShape(target.shape, shape);
}

export const channelGroups = defineError(
  "channel-groups",
  "Channels fall into groups, or a width into heads, of equal size.",
  (layer: string, channels: Dim, groups: number, found: TensorType) => ({
    message: `${layer}: ${channels} channels must fall into ${groups} equal parts: found ${formatType(found)}`,
    help: "take a number of parts that divides the channels",
  }),
);

export const targetMismatch = defineError(
  "target-mismatch",
  "A loss or metric compares a prediction with a target of its own shape, or with integer labels of one axis less.",
  (loss: string, wanted: string, prediction: TensorType, target: TensorType) => ({
    message: `${loss}: the target must be ${wanted}: $0 is ${formatType(prediction)}, $1 is ${formatType(target)}`,
    help:
      wanted === classTarget && isRow(prediction, target)
        ? 'one-hot rows are floats: declare them "f32", or convert them with cast(labels, "f32")'
        : wanted === classTarget && isLabels(prediction, target)
          ? 'integer labels must be of element type i32: declare them so, or convert them with cast(labels, "i32")'
          : "reshape the target; nothing is broadcast between a prediction and its target",
  }),
);
