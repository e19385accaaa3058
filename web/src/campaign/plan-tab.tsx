/** What was planned and approved. */
import type { ReactNode } from 'react';
import { path } from '../lib/api.ts';
import { count, duration, percent, time, words } from '../lib/format.ts';
import { Link } from '../lib/router.tsx';
import type { Campaign, Policy } from '../lib/types.ts';
import { Card } from '../ui/card.tsx';
import { TakeTable } from '../ui/copy.tsx';
import { Empty } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';

const sizeOf = (size: Policy['waves'][number]['size']): string =>
  'rest' in size
    ? 'the rest'
    : 'percent' in size
      ? percent(size.percent / 100)
      : `${count(size.vehicles)} vehicles`;

interface PlanViewProps {
  readonly campaign: Campaign;
  /** Between the targets and the approval. */
  readonly children?: ReactNode;
}

/** Everything that an approval covers, and the approval. */
export function PlanView({ campaign, children }: PlanViewProps) {
  return (
    <div className="columns">
      <Card
        title="Plan"
        aside={
          <TakeTable
            name={`${campaign.id}-planned-waves`}
            head={WAVE_HEAD}
            rows={() => wavesOf(campaign.policy)}
          />
        }
      >
        <PolicyView campaign={campaign} />
      </Card>
      <div className="stack">
        <Card title="Targets">
          <Targets campaign={campaign} />
        </Card>
        {children}
        <Card title="Approval">
          <Approval campaign={campaign} />
        </Card>
      </div>
    </div>
  );
}

function Approval({ campaign: { authors, approval, planDigest } }: { readonly campaign: Campaign }) {
  return (
    <dl className="pairs">
      <dt>Made by</dt>
      <dd>{authors.join(', ')}</dd>
      <dt>Approved by</dt>
      <dd>{approval?.by ?? 'nobody yet'}</dd>
      <dt>Plan digest</dt>
      <dd>{planDigest === null ? 'none before the targets are frozen' : <code>{planDigest}</code>}</dd>
    </dl>
  );
}

const NUMERIC = ['Success ≥', 'Failure ≤', 'Soak'];
const WAVE_HEAD = ['Wave', 'Size', 'Success ≥', 'Failure ≤', 'Soak', 'Passes by'];

const wavesOf = ({ waves }: Policy) =>
  waves.map(({ name, size, gate }) => [
    name,
    sizeOf(size),
    percent(gate.successPercent / 100),
    percent(gate.failurePercent / 100),
    duration(gate.soak_s),
    gate.confirm ? 'a person' : 'itself',
  ]);

function PolicyView({
  campaign: { policy, purpose },
}: {
  readonly campaign: Pick<Campaign, 'policy' | 'purpose'>;
}) {
  const { window: hours } = policy;
  return (
    <div className="stack">
      {purpose === '' ? null : <p>{purpose}</p>}
      <dl className="pairs">
        <dt>Artifacts</dt>
        <dd>
          {policy.artifacts.map((id) => (
            <div key={id}>
              <Link to={path`/artifacts/${id}`}>{id}</Link>
            </div>
          ))}
        </dd>
        <dt>Window</dt>
        <dd>
          {hours === null ? 'at any time' : `${hours.from} – ${hours.to} in the vehicle’s own time zone`}
        </dd>
        <dt>Attempts</dt>
        <dd>
          {policy.maxAttempts === 1
            ? `one, within ${duration(policy.attemptTimeout_s)}`
            : `up to ${policy.maxAttempts}, each within ${duration(policy.attemptTimeout_s)}, ${duration(policy.retryDelay_s)} apart`}
        </dd>
        <dt>Offers</dt>
        <dd>
          {policy.offersPerMinute === null
            ? 'as fast as the link takes them'
            : `${count(policy.offersPerMinute)} a minute`}
          {policy.maxInFlight === null ? '' : `, at most ${count(policy.maxInFlight)} in flight`}
        </dd>
        {policy.endAt === null ? null : (
          <>
            <dt>Ends</dt>
            <dd>{time(policy.endAt)}</dd>
          </>
        )}
        <dt>Consent</dt>
        <dd>{policy.consentTextKey ?? 'not asked'}</dd>
        <dt>Preconditions</dt>
        <dd>
          {policy.preconditions.length === 0
            ? 'none'
            : policy.preconditions.map(({ name, op, value }) => `${name} ${op} ${String(value)}`).join(', ')}
        </dd>
      </dl>
      <Table label="Waves" head={WAVE_HEAD} numeric={NUMERIC}>
        {wavesOf(policy).map((cells) => (
          <tr key={cells[0]}>
            {cells.map((cell, i) => (
              <td key={WAVE_HEAD[i]} className={NUMERIC.includes(WAVE_HEAD[i] ?? '') ? 'num' : undefined}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </div>
  );
}

function Targets({ campaign }: { readonly campaign: Campaign }) {
  const { query, targets, plan } = campaign;
  if (query === null) return <Empty>No target query yet.</Empty>;
  return (
    <dl className="pairs">
      <dt>Query</dt>
      <dd>
        <code>{query}</code>
      </dd>
      {targets === null ? (
        <>
          <dt>Freeze</dt>
          <dd>{plan?.status === 'failed' ? `failed: ${plan.reason ?? ''}` : 'under way'}</dd>
        </>
      ) : (
        <>
          <dt>Targets</dt>
          <dd>{count(targets.targets)} vehicles</dd>
          <dt>Incompatible</dt>
          <dd>
            {count(targets.incompatible)} matched, but can't take it
            {targets.reasons.map(({ code, vehicles }) => (
              <div key={code} className="small quiet">
                {words(code)}: {count(vehicles)}
              </div>
            ))}
          </dd>
          <dt>Digest</dt>
          <dd>
            <code>{targets.digest}</code>
          </dd>
        </>
      )}
    </dl>
  );
}
