/** At most so many at once; the rest wait in the order in which they came. */
export interface Limiter {
  /** Waits for a place; call what it gives back, once, when done. */
  enter(): Promise<() => void>;
}

export function createLimiter(places: number): Limiter {
  let free = places;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  return {
    async enter() {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return leave;
    },
  };
}
