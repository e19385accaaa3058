/** For one vehicle's accepted offer: what it needs to fetch and decrypt. */
export interface GrantRequest {
  readonly vehicleId: string;
  readonly campaignId: string;
  /** In the order in which they are installed. */
  readonly artifacts: readonly string[];
}

/** Secrets: never logged, never an event. */
export interface GrantContent {
  /** Bearer token for the content URLs of exactly these files. */
  readonly token: string;
  /** When the token ends, ISO 8601 UTC. */
  readonly expiresAt: string;
  /** File URLs are `{contentBase}/content/{ciphertext sha256}`. */
  readonly contentBase: string;
  readonly files: readonly {
    readonly artifactId: string;
    readonly name: string;
    readonly fileId: string;
    /** The file's content key, unwrapped; base64. */
    readonly key: string;
    readonly ciphertext: { readonly sha256: string; readonly size: number };
  }[];
}

/** Makes the secret part of grants. Whether a grant may be given at all is decided before (DESIGN §4.4). */
export interface GrantBuilder {
  /**
   * One answer per request, in their order; null where an artifact is not there or not released (any more).
   * @throws when keys can't be unwrapped: nothing is granted then.
   */
  build(requests: readonly GrantRequest[]): Promise<readonly (GrantContent | null)[]>;
}
