/** What was said between the vehicle and us, and what was done to its record: newest first, each with its content. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { get, path, queryOf } from '../lib/api.ts';
import { count, eventName, time, timeIn, words } from '../lib/format.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import type { Page, Vehicle } from '../lib/types.ts';
import { Badge, type Tone } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Scrolls } from '../ui/scrolls.tsx';
import { Empty, Loaded } from '../ui/states.tsx';

interface Message {
  readonly id: string;
  readonly direction: Direction;
  readonly type: string;
  readonly at: string;
  readonly receivedAt: string | null;
  readonly report: {
    readonly epoch: { readonly tcu: string; readonly reset: number };
    readonly seq: number;
    readonly sentAt: string | null;
  } | null;
  readonly campaignId: string | null;
  readonly by: { readonly kind: string; readonly id: string };
  readonly rendition: 'as-received' | 'as-recorded';
  readonly raw: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

const DIRECTIONS = {
  'from-vehicle': ['From the vehicle', 'run'],
  'to-vehicle': ['To the vehicle', 'good'],
  'set-aside': ['Set aside', 'warn'],
  record: ['Change of its record', 'idle'],
} as const satisfies Record<string, readonly [string, Tone]>;
type Direction = keyof typeof DIRECTIONS;

const PAGE = 50;
const HEAD = [
  'Recorded',
  'Received',
  'Vehicle’s clock',
  'Direction',
  'What',
  'Campaign',
  'TCU',
  'Reset',
  'Seq',
  'Content',
];

const cellsOf = ({ at, receivedAt, report, direction, type, campaignId, raw, data }: Message) => [
  at,
  receivedAt,
  report?.sentAt,
  direction,
  type,
  campaignId,
  report?.epoch.tcu,
  report?.epoch.reset,
  report?.seq,
  raw ?? JSON.stringify(data),
];

export function Messages({ vehicle }: { readonly vehicle: Vehicle }) {
  const [direction, setDirection] = useQueryState('messages');
  const pages = useInfiniteQuery({
    queryKey: ['messages', vehicle.id, direction],
    queryFn: ({ pageParam, signal }) =>
      get<Page<Message>>(
        path`/v1/vehicles/${vehicle.id}/messages` + queryOf({ limit: PAGE, direction, cursor: pageParam }),
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    refetchInterval: 15_000,
  });
  const messages = pages.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Card
      title="Messages"
      flush
      aside={
        <span className="row">
          <label className="row">
            Show
            <select
              className="input"
              value={direction}
              onChange={(event) => setDirection(event.target.value)}
            >
              <option value="">All</option>
              {Object.entries(DIRECTIONS).map(([name, [text]]) => (
                <option key={name} value={name}>
                  {text}
                </option>
              ))}
            </select>
          </label>
          <a href={`/v1/exports/messages${queryOf({ vehicle: vehicle.id, format: 'ndjson' })}`} download>
            All (NDJSON)
          </a>
          <TakeTable name={`${vehicle.id}-messages`} head={HEAD} rows={() => messages.map(cellsOf)} />
        </span>
      }
    >
      <Loaded query={pages} what="messages">
        {() =>
          messages.length === 0 ? (
            <div className="body">
              <Empty>{EMPTY[direction as Direction] ?? 'Nothing is on record of this vehicle.'}</Empty>
            </div>
          ) : (
            <ul className="messages">
              {messages.map((one) => (
                <li key={one.id}>
                  <Line message={one} zone={vehicle.timeZone} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {messages.length === 0 ? null : (
        <div className="body row">
          <span className="small quiet" role="status">
            {count(messages.length)} shown
            {pages.hasNextPage ? ', older ones follow' : ': all that is on record'}. Grants and receipts are
            not recorded.
          </span>
          {pages.hasNextPage ? (
            <button
              type="button"
              className="button"
              disabled={pages.isFetchingNextPage}
              onClick={() => void pages.fetchNextPage()}
            >
              Show more
            </button>
          ) : null}
        </div>
      )}
    </Card>
  );
}

const EMPTY: Readonly<Record<Direction, string>> = {
  'from-vehicle': 'The vehicle has reported nothing yet: it does when it connects.',
  'to-vehicle':
    'Nothing was offered to the vehicle yet: it has to be among the targets of a campaign that runs.',
  'set-aside': 'Every message of this vehicle could be read and could be true.',
  record: 'Nobody has changed the record of this vehicle.',
};

interface LineProps {
  readonly message: Message;
  readonly zone: string;
}

function Line({ message, zone }: LineProps) {
  const { direction, type, at, data } = message;
  const [text, tone] = DIRECTIONS[direction];
  const code = typeof data['code'] === 'string' && data['code'] !== '' ? data['code'] : null;
  return (
    <details>
      <summary>
        <Badge state={direction} text={text} tone={tone} />
        <span className="what">
          {eventName(type)}
          {code === null ? '' : `: ${code}`}
        </span>
        <span className="small quiet when">{time(at)}</span>
      </summary>
      <Content message={message} zone={zone} />
    </details>
  );
}

/** Text of bytes; what is no UTF-8 shows as such, and the bytes can be copied. */
const decoded = (raw: string): string =>
  new TextDecoder().decode(Uint8Array.from(atob(raw), (char) => char.charCodeAt(0)));

function Content({ message, zone }: LineProps) {
  const { at, receivedAt, report, campaignId, by, rendition, raw, data } = message;
  return (
    <div className="content">
      <dl className="pairs">
        <dt>Recorded</dt>
        <dd>
          {time(at)} · {timeIn(at, zone)}
        </dd>
        {receivedAt === null ? null : (
          <>
            <dt>Received</dt>
            <dd>
              {time(receivedAt)} · {timeIn(receivedAt, zone)}
            </dd>
          </>
        )}
        {report === null ? null : <Report report={report} zone={zone} />}
        {campaignId === null ? null : (
          <>
            <dt>Campaign</dt>
            <dd>
              <Link to={path`/campaigns/${campaignId}`}>{campaignId}</Link>
            </dd>
          </>
        )}
        <dt>By</dt>
        <dd>
          {words(by.kind)} {by.id}
        </dd>
      </dl>
      <p className="small quiet">
        {rendition === 'as-received'
          ? 'The bytes as they came, shown as text; the export has them in base64.'
          : 'The content as it was recorded; accepted messages are not kept byte for byte.'}
      </p>
      {raw === null ? null : (
        <Scrolls label="Bytes as text">
          <pre className="record">{decoded(raw)}</pre>
        </Scrolls>
      )}
      <Scrolls label="Content as recorded">
        <pre className="record">{JSON.stringify(data, null, 2)}</pre>
      </Scrolls>
    </div>
  );
}

function Report({
  report,
  zone,
}: {
  readonly report: NonNullable<Message['report']>;
  readonly zone: string;
}) {
  const { epoch, seq, sentAt } = report;
  const readable = sentAt !== null && !Number.isNaN(Date.parse(sentAt));
  return (
    <>
      <dt>Its own clock</dt>
      <dd>
        {sentAt === null
          ? 'It gave no time'
          : readable
            ? `${time(sentAt)} · ${timeIn(sentAt, zone)}`
            : sentAt}
      </dd>
      <dt>Numbering</dt>
      <dd>
        TCU <code>{epoch.tcu}</code>, reset {epoch.reset}, seq {seq}
      </dd>
    </>
  );
}
