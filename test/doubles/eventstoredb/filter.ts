/** Server-side filters of $all: by stream name or event type, by prefixes or a regular expression. */
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { StoredEvent } from './stored-event.ts';

export type EventFilter = (event: Pick<StoredEvent, 'stream' | 'type'>) => boolean;

export const everything: EventFilter = () => true;

/** @throws Error for an expression that says nothing or can't be parsed. */
export function parseFilter(options: streams.ReadReq.Options.FilterOptions): EventFilter {
  const byStream = options.getStreamIdentifier();
  if (byStream !== undefined) {
    const matches = parseExpression(byStream);
    return (event) => matches(event.stream);
  }
  const byType = options.getEventType();
  if (byType === undefined) throw new Error('The filter names neither streams nor event types.');
  const matches = parseExpression(byType);
  return (event) => matches(event.type);
}

function parseExpression(
  expression: streams.ReadReq.Options.FilterOptions.Expression,
): (text: string) => boolean {
  if (expression.getRegex() !== '') {
    const regex = new RegExp(expression.getRegex(), 'u');
    return (text) => regex.test(text);
  }
  const prefixes = expression.getPrefixList();
  return (text) => prefixes.some((prefix) => text.startsWith(prefix));
}
