/** HTTP requests beside downloads, with errors that a user can act on. */
import { ToldError } from './told-error.ts';

/** @throws ToldError for anything but 2xx, and for a server that can't be reached. */
export async function reach(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new ToldError(`${url} can't be reached: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (response.ok) return response;
  throw new ToldError(`${init.method ?? 'GET'} ${url} answered ${response.status}: ${await response.text()}`);
}
