import { Modal } from '../ui/dialog.tsx';
import { GO } from './keys.ts';

type Row = readonly [keys: readonly string[], what: string];

const EVERYWHERE: readonly Row[] = [
  [['/'], 'Search vehicles, campaigns and artifacts'],
  ...Object.entries(GO).map(([key, { name }]): Row => [['g', key], `Go to ${name}`]),
  [['?'], 'Show these keys'],
  [['Esc'], 'Close what is open'],
];

const PLACES: readonly Row[] = [
  [['↑', '↓'], 'In the search: choose; Enter opens it'],
  [['←', '→'], 'On a map: from circle to circle; Enter goes nearer, Esc back'],
  [['←', '→'], 'On the time line of a replay: a small step; Page up and down: a large one'],
  [['↑', '↓'], 'In a list of vehicles: scroll; Page up and down, Home and End too'],
];

/** Which keys there are. */
export function KeyHelp({ onClose }: { readonly onClose: () => void }) {
  return (
    <Modal title="Keys" onClose={onClose}>
      <div className="dialog-body">
        <Keys label="Everywhere" rows={EVERYWHERE} />
        <Keys label="In places" rows={PLACES} />
        <p className="small quiet">They do nothing while you type.</p>
        <div className="row end">
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
    </Modal>
  );
}

function Keys({ label, rows }: { readonly label: string; readonly rows: readonly Row[] }) {
  return (
    <section className="keys" aria-label={label}>
      <h3>{label}</h3>
      <dl>
        {rows.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
