export interface TargetingCount {
  readonly matched: number;
  readonly compatible: number;
  /** Why matched vehicles can't take the artifacts: reason code and how many vehicles have it. */
  readonly reasons: readonly { readonly code: string; readonly vehicles: number }[];
  /** Matched and compatible vehicles by value, per attribute. */
  readonly facets: Readonly<Record<string, readonly { readonly value: string; readonly vehicles: number }[]>>;
}

export interface TargetRow {
  readonly vehicleId: string;
  /** Stream revision of the vehicle that was judged. */
  readonly revision: number;
  /** Index into the `slices` of the selection. */
  readonly slice: number;
}
