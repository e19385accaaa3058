/** ECUs with their versions, now or as they were known at any past moment, and what is different between two moments. */
import { useQuery } from '@tanstack/react-query';
import { get, path, queryOf } from '../lib/api.ts';
import { time, timeIn, words } from '../lib/format.ts';
import { useQueryState } from '../lib/router.tsx';
import type { Ecu, Page, Vehicle } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { MomentField } from '../ui/moment-field.tsx';
import { Scrolls } from '../ui/scrolls.tsx';
import { Empty, ProblemView } from '../ui/states.tsx';
import { compared, type Part } from './compare-ecus.ts';

interface Inventory {
  readonly at: string;
  readonly source: string;
  readonly revision: number;
  readonly ecus: readonly Ecu[];
}

interface AsOf {
  readonly inventory: (Inventory & { readonly until: string | null }) | null;
}

const HEAD = ['ECU', 'Hardware', 'Component', 'Software', 'Before', 'Change'];
/** Recorded inventories that can be picked; older ones are reached by their time. */
const PICKED = 200;

/** @param at ISO 8601, or empty for what is known now. */
const asOf = (vehicle: Vehicle, at: string) => ({
  queryKey: ['inventory-as-of', vehicle.id, at, vehicle.revision],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get<AsOf>(path`/v1/vehicles/${vehicle.id}/inventory` + queryOf({ asOf: at }), signal),
});

export function Ecus({ vehicle }: { readonly vehicle: Vehicle }) {
  const [at, setAt] = useQueryState('at');
  const [since, setSince] = useQueryState('since');
  const shown = useQuery({ ...asOf(vehicle, at), enabled: at !== '' });
  const before = useQuery({ ...asOf(vehicle, since), enabled: since !== '' });
  // Until it is known what was in it then, nothing is gone.
  const known = at === '' || shown.data !== undefined;
  const ecus = at === '' ? vehicle.ecus : (shown.data?.inventory?.ecus ?? []);
  const comparing = known && since !== '' && before.data !== undefined;
  const parts = compared(ecus, comparing ? (before.data?.inventory?.ecus ?? []) : null);
  return (
    <Card
      flush
      title="ECUs and software"
      aside={
        <TakeTable
          name={`${vehicle.id}-ecus`}
          head={HEAD}
          rows={() =>
            parts.map((one) => [one.ecu, one.hardware, one.component, one.software, one.before, one.change])
          }
        />
      }
    >
      <ProblemView error={shown.error ?? before.error} />
      <div className="body stack">
        <div className="moments">
          <MomentField id="at" label="As of" value={at} onChange={setAt} empty="now" />
          <Recorded vehicle={vehicle} at={at} onPick={setAt} />
          <MomentField id="since" label="Compare with" value={since} onChange={setSince} empty="nothing" />
        </div>
        {at === '' ? null : <Validity asked={at} found={shown.data} zone={vehicle.timeZone} />}
        {comparing && parts.every(({ change }) => change === null) ? (
          <p className="small">Nothing is different from what it was at {time(since)}.</p>
        ) : null}
      </div>
      {parts.length > 0 ? (
        <Parts parts={parts} comparing={comparing} />
      ) : at === '' ? (
        <div className="body">
          <Empty>No inventory is known: the vehicle reports it when it connects, or a workshop does.</Empty>
        </div>
      ) : null}
    </Card>
  );
}

function Validity({
  asked,
  found,
  zone,
}: {
  readonly asked: string;
  readonly found: AsOf | undefined;
  readonly zone: string;
}) {
  if (found === undefined) return null;
  const { inventory } = found;
  return (
    <p className="small quiet" role="status">
      {timeIn(asked, zone)}:{' '}
      {inventory === null
        ? 'no inventory was on record by then. Choose a later moment.'
        : `reported by ${words(inventory.source)} ${time(inventory.at)}, ${
            inventory.until === null ? 'and still the newest' : `replaced ${time(inventory.until)}`
          }.`}
    </p>
  );
}

interface RecordedProps {
  readonly vehicle: Vehicle;
  readonly at: string;
  readonly onPick: (at: string) => void;
}

/** A short way to the moments at which something was recorded. */
function Recorded({ vehicle, at, onPick }: RecordedProps) {
  const history = useQuery({
    queryKey: ['inventory', vehicle.id, vehicle.revision],
    queryFn: ({ signal }) =>
      get<Page<Inventory>>(
        path`/v1/vehicles/${vehicle.id}/inventory-history` + queryOf({ limit: PICKED }),
        signal,
      ),
  });
  const items = history.data?.items ?? [];
  const known = items.some((one) => one.at === at);
  return (
    <div className="field">
      <label htmlFor="recorded">Recorded</label>
      <select
        id="recorded"
        className="input"
        value={known ? at : ''}
        onChange={(event) => onPick(event.target.value)}
      >
        <option value="">{at === '' ? 'now' : known ? 'now' : 'other moment'}</option>
        {items.map((one) => (
          <option key={one.revision} value={one.at}>
            {time(one.at)}: {words(one.source)}
          </option>
        ))}
      </select>
    </div>
  );
}

function Parts({ parts, comparing }: { readonly parts: readonly Part[]; readonly comparing: boolean }) {
  return (
    <Scrolls label="ECUs">
      <table className="table">
        <thead>
          <tr>
            {(comparing ? HEAD : HEAD.slice(0, 4)).map((name) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {parts.map((one) => (
            <tr key={`${one.ecu}/${one.component}`}>
              <td>{one.ecu}</td>
              <td className="small">{one.hardware}</td>
              <td className="small">{one.component}</td>
              <td className="mono">{one.software ?? '–'}</td>
              {comparing ? (
                <>
                  <td className="mono">{one.before ?? '–'}</td>
                  <td>
                    {one.change === null ? null : <Badge state="held" tone="warn" text={words(one.change)} />}
                  </td>
                </>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
