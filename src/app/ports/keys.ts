/** A secret and the id by which messages and events name it. */
export interface Secret {
  readonly id: string;
  readonly key: Uint8Array;
}

/** Secrets of one purpose: one in use and older ones that are still accepted, so that they can be exchanged. */
export interface KeyRing {
  readonly current: Secret;
  /** Current ones and older ones; null when it is not known (any more). */
  get(id: string): Secret | null;
}

/** A public key that signatures may be checked with. Instants are ISO 8601 UTC. */
export interface VerificationKey {
  readonly keyId: string;
  readonly alg: 'ed25519';
  /** Who signs with it: `fleetwave`, or the name of an outside signer. */
  readonly owner: string;
  /** SubjectPublicKeyInfo (RFC 8410) as PEM. */
  readonly publicKey: string;
  readonly validFrom: string | null;
  readonly validUntil: string | null;
  readonly revokedAt: string | null;
}

export interface KeyRegistry {
  /** Every registered key as it is now, ours first: a revocation counts from the next call on. */
  keys(): Promise<readonly VerificationKey[]>;
}
