/**
 * Ids of a worker's events: UUIDv8 (RFC 9562 §5.8) of 60 random bits of its epoch and a counter. They are the
 * same over retries of an append, and two workers can't make the same (DESIGN §3).
 */
export function createEventIds(epoch: string): () => string {
  const hex = epoch.replaceAll('-', '').slice(-15);
  const prefix = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(12, 15)}`;
  let counter = 0;
  return () => {
    const low = (counter++).toString(16).padStart(15, '0');
    return `${prefix}-8${low.slice(0, 3)}-${low.slice(3)}`;
  };
}
