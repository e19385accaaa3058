import { presence } from '../../protocol/messages.ts';

/** What a presence message says; null when it can't be read. */
export function readPresence(payload: Uint8Array | string): 'online' | 'offline' | null {
  try {
    const parsed = presence.safeParse(JSON.parse(Buffer.from(payload).toString('utf8')));
    return parsed.success ? parsed.data.state : null;
  } catch {
    return null;
  }
}
