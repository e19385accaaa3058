/** Waiting for conditions: never for a time, because machines differ. */

const POLL_MS = 20;
const LIMIT_MS = 60_000;

/** What `look` finds, as soon as it finds anything but null. @throws Error naming `what` after a minute. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null> | T | null,
  limit_ms = LIMIT_MS,
): Promise<T> {
  const end = Date.now() + limit_ms;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > end) throw new Error(`waited ${limit_ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export const untilTrue = async (
  what: string,
  look: () => Promise<boolean> | boolean,
  limit_ms = LIMIT_MS,
): Promise<void> => {
  await until(what, async () => ((await look()) ? true : null), limit_ms);
};
