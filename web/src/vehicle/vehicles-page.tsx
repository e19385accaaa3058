import { useInfiniteQuery } from '@tanstack/react-query';
import { get, path, queryOf } from '../lib/api.ts';
import { count } from '../lib/format.ts';
import { Link, useQueryState } from '../lib/router.tsx';
import type { Page, Vehicle } from '../lib/types.ts';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { TextField } from '../ui/field.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';

const PAGE = 100;
const HEAD = ['Vehicle', 'Brand', 'Model', 'Variant', 'Region', 'ECUs'];

export default function VehiclesPage() {
  const [model, setModel] = useQueryState('model');
  const [region, setRegion] = useQueryState('region');
  const [brand, setBrand] = useQueryState('brand');
  const pages = useInfiniteQuery({
    queryKey: ['vehicles', brand, model, region],
    queryFn: ({ pageParam, signal }) =>
      get<Page<Vehicle>>(
        `/v1/vehicles${queryOf({ limit: PAGE, brand, model, region, cursor: pageParam })}`,
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
  });
  const vehicles = pages.data?.pages.flatMap(({ items }) => items) ?? [];
  const rows = () =>
    vehicles.map((one) => [
      one.vin ?? one.id,
      one.brand,
      one.model,
      one.variant,
      one.region,
      one.ecus.map(({ type }) => type).join(' '),
    ]);
  return (
    <>
      <div className="page-head">
        <div>
          <h1>Vehicles</h1>
          <p className="quiet">
            A single one is found with <kbd>/</kbd> and the last six characters of its VIN.
          </p>
        </div>
      </div>
      <Card flush title="Registered vehicles" aside={<TakeTable name="vehicles" head={HEAD} rows={rows} />}>
        <div className="body row">
          <TextField
            id="brand"
            label="Brand"
            value={brand}
            onChange={setBrand}
            placeholder="any, whole name"
          />
          <TextField
            id="model"
            label="Model"
            value={model}
            onChange={setModel}
            placeholder="any, whole name"
          />
          <TextField
            id="region"
            label="Region"
            value={region}
            onChange={setRegion}
            placeholder="any, such as DE"
          />
        </div>
        <Loaded query={pages} what="vehicles">
          {() =>
            vehicles.length === 0 ? (
              <div className="body">
                <Empty>
                  <p>
                    No vehicle
                    {brand + model + region === '' ? ' is registered yet. Import some:' : ' matches.'}
                  </p>
                  {brand + model + region === '' ? <code>npx fleetwave import vehicles.csv</code> : null}
                </Empty>
              </div>
            ) : (
              <VehicleTable vehicles={vehicles} />
            )
          }
        </Loaded>
        <div className="body row">
          <span className="small quiet">{count(vehicles.length)} shown</span>
          {pages.hasNextPage ? (
            <button
              type="button"
              className="button"
              disabled={pages.isFetching}
              onClick={() => void pages.fetchNextPage()}
            >
              Show more
            </button>
          ) : null}
        </div>
      </Card>
    </>
  );
}

function VehicleTable({ vehicles }: { readonly vehicles: readonly Vehicle[] }) {
  return (
    <Table label="Vehicles" head={HEAD}>
      {vehicles.map((one) => (
        <tr key={one.id}>
          <td>
            <Link to={path`/vehicles/${one.vin ?? one.id}`} className="mono">
              {one.vin ?? one.id}
            </Link>
          </td>
          <td>{one.brand}</td>
          <td>{one.model}</td>
          <td>{one.variant}</td>
          <td>{one.region}</td>
          <td className="small quiet">{one.ecus.map(({ type }) => type).join(', ')}</td>
        </tr>
      ))}
    </Table>
  );
}
