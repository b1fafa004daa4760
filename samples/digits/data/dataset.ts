/** Labelled images, as training and evaluation take them. */
export interface Dataset {
  /** Grey levels in [0, 1], shape [count, pixels]: images one after the other, each row-major. */
  readonly images: Float32Array;
  /** The class of each image, in [0, 10), shape [count]. */
  readonly labels: Int32Array;
  /** Pixels of one image. */
  readonly pixels: number;
  /** Number of images. */
  readonly count: number;
}
