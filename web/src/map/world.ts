/** What the build makes of the atlas (`web/world-map.ts`). Places are whole numbers; x grows east, y grows south. */

export interface Country {
  /** As SVG has it. */
  readonly path: string;
  /** Of the largest part. */
  readonly center: readonly [x: number, y: number];
  /** Of the largest part. */
  readonly extent: readonly [left: number, top: number, right: number, bottom: number];
}

export interface World {
  /** By ISO 3166-1 alpha-2. */
  readonly countries: Readonly<Record<string, Country>>;
  /** Land that has no code of its own. */
  readonly other: string;
}
