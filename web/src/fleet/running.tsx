/** What is rolled out now, with how far it is. */
import { path } from '../lib/api.ts';
import { count, percent } from '../lib/format.ts';
import { Link } from '../lib/router.tsx';
import type { Campaign, Progress } from '../lib/types.ts';
import { Badge } from '../ui/badge.tsx';
import { StackedBar } from '../ui/bars.tsx';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Empty } from '../ui/states.tsx';
import { useProgressOf } from './use-campaigns.ts';

/** More than anybody watches at once; the list has the rest. */
const SHOWN = 12;
const HEAD = ['Id', 'Title', 'State', 'Targets', 'Succeeded', 'Failed', 'Pending', 'Settled %'];

interface RunningProps {
  readonly campaigns: readonly Campaign[];
  readonly loaded: boolean;
}

export function Running({ campaigns, loaded }: RunningProps) {
  const shown = campaigns.slice(0, SHOWN);
  const progress = useProgressOf(shown);
  const rows = () =>
    shown.map(({ id, title, state }, i) => {
      const now = progress[i];
      return [id, title, state, now?.targets, now?.succeeded, now?.failed, now?.pending, now?.percent];
    });
  return (
    <Card
      title="Campaigns under way"
      flush
      aside={<TakeTable name="campaigns-under-way" head={HEAD} rows={rows} />}
    >
      {shown.length === 0 ? (
        <div className="body">
          {loaded ? (
            <Empty>
              <p>Nothing is rolled out at the moment.</p>
              <Link to="/plan">Plan a campaign</Link>
            </Empty>
          ) : null}
        </div>
      ) : (
        <table className="table">
          <tbody>
            {shown.map((campaign, i) => (
              <tr key={campaign.id}>
                <td>
                  <div className="row">
                    <Link to={path`/campaigns/${campaign.id}`}>{campaign.title}</Link>
                    <Badge state={campaign.state} />
                  </div>
                  <Mini progress={progress[i]} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {campaigns.length > SHOWN ? (
        <p className="body small">
          <Link to="/campaigns">{count(campaigns.length - SHOWN)} more</Link>
        </p>
      ) : null}
    </Card>
  );
}

function Mini({ progress }: { readonly progress: Progress | undefined }) {
  const { targets = 0, succeeded = 0, failed = 0, percent: done = 0 } = progress ?? {};
  const text = `${percent(done / 100)} of ${count(targets)} settled, ${count(succeeded)} succeeded, ${count(failed)} failed`;
  return (
    <>
      <StackedBar
        label={text}
        total={targets}
        parts={[
          { name: 'Succeeded', value: succeeded, color: 'var(--good)' },
          { name: 'Failed', value: failed, color: 'var(--bad-fill)' },
        ]}
      />
      <span className="small quiet">{text}</span>
    </>
  );
}
