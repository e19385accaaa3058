/** ECUs with their versions, now or as they were reported at a past date. */
import { useQuery } from '@tanstack/react-query';
import { get, path } from '../lib/api.ts';
import { timeIn, words } from '../lib/format.ts';
import { useQueryState } from '../lib/router.tsx';
import type { Ecu, Page, Vehicle } from '../lib/types.ts';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Scrolls } from '../ui/scrolls.tsx';
import { Empty, ProblemView } from '../ui/states.tsx';

interface Inventory {
  readonly id: string;
  readonly at: string;
  readonly type: string;
  readonly source: string;
  readonly revision: number;
  readonly ecus: readonly Ecu[];
}

const HEAD = ['ECU', 'Hardware', 'Component', 'Software'];

const rowsOf = (ecus: readonly Ecu[]) =>
  ecus.flatMap(({ type, position, hardware, components }) =>
    components.map(({ name, softwareVersion }) => [
      position === '' ? type : `${type} ${position}`,
      `${hardware.part} ${hardware.version}`,
      name,
      softwareVersion,
    ]),
  );

export function Ecus({ vehicle }: { readonly vehicle: Vehicle }) {
  const [revision, setRevision] = useQueryState('inventory');
  const history = useQuery({
    queryKey: ['inventory', vehicle.id, vehicle.revision],
    queryFn: ({ signal }) =>
      get<Page<Inventory>>(`${path`/v1/vehicles/${vehicle.id}/inventory-history`}?limit=200`, signal),
  });
  const items = history.data?.items ?? [];
  const past = items.find((one) => String(one.revision) === revision);
  const ecus = past?.ecus ?? vehicle.ecus;
  return (
    <Card
      flush
      title="ECUs and software"
      aside={<TakeTable name={`${vehicle.id}-ecus`} head={HEAD} rows={() => rowsOf(ecus)} />}
    >
      <ProblemView error={history.error} />
      <div className="body field">
        <label htmlFor="at">As of</label>
        <select
          id="at"
          className="input"
          value={revision}
          onChange={(event) => setRevision(event.target.value)}
        >
          <option value="">now</option>
          {items.map((one) => (
            <option key={one.id} value={one.revision}>
              {timeIn(one.at, vehicle.timeZone)}: {words(one.source)}
            </option>
          ))}
        </select>
      </div>
      {ecus.length === 0 ? (
        <div className="body">
          <Empty>No inventory is known: the vehicle reports it when it connects, or a workshop does.</Empty>
        </div>
      ) : (
        <Scrolls label="ECUs">
          <table className="table">
            <thead>
              <tr>
                {HEAD.map((name) => (
                  <th key={name}>{name}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rowsOf(ecus).map((cells) => (
                <tr key={cells.join()}>
                  <td>{cells[0]}</td>
                  <td className="small">{cells[1]}</td>
                  <td className="small">{cells[2]}</td>
                  <td className="mono">{cells[3]}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      )}
    </Card>
  );
}
