/** Waiting for a server that is away. */

const AGAIN_MS = 1000;

const answers = (): Promise<boolean> =>
  fetch('/livez').then(
    ({ ok }) => ok,
    () => false,
  );

/**
 * Waits for the server as everything else of the page does. @throws what loading threw while the server answers:
 * it has no such part, so it is of another version.
 */
export async function whenThere<T>(load: () => Promise<T>, again_ms = AGAIN_MS): Promise<T> {
  for (;;) {
    // Asked for first: a server that comes back in between would look as if it had none.
    const there = await answers();
    try {
      return await load();
    } catch (error) {
      if (there) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, again_ms));
  }
}
