/** What was planned and approved. */

import { path } from '../lib/api.ts';
import { count, duration, percent, time } from '../lib/format.ts';
import { Link } from '../lib/router.tsx';
import type { Campaign, Policy } from '../lib/types.ts';
import { Card } from '../ui/card.tsx';
import { Scrolls } from '../ui/scrolls.tsx';
import { Empty } from '../ui/states.tsx';

const sizeOf = (size: Policy['waves'][number]['size']): string =>
  'rest' in size
    ? 'the rest'
    : 'percent' in size
      ? percent(size.percent / 100)
      : `${count(size.vehicles)} vehicles`;

export function PlanTab({ campaign }: { readonly campaign: Campaign }) {
  return (
    <div className="columns">
      <Card title="Plan">
        <PolicyView campaign={campaign} />
      </Card>
      <div className="stack">
        <Card title="Targets">
          <Targets campaign={campaign} />
        </Card>
        <Card title="Approval">
          <dl className="pairs">
            <dt>Made by</dt>
            <dd>{campaign.authors.join(', ')}</dd>
            <dt>Approved by</dt>
            <dd>{campaign.approval?.by ?? 'nobody yet'}</dd>
            {campaign.approval === null ? null : (
              <>
                <dt>Plan digest</dt>
                <dd>
                  <code>{campaign.approval.planDigest}</code>
                </dd>
              </>
            )}
          </dl>
        </Card>
      </div>
    </div>
  );
}

export function PolicyView({
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
      <Scrolls label="Waves">
        <table className="table">
          <thead>
            <tr>
              <th>Wave</th>
              <th>Size</th>
              <th className="num">Success ≥</th>
              <th className="num">Failure ≤</th>
              <th className="num">Soak</th>
            </tr>
          </thead>
          <tbody>
            {policy.waves.map(({ name, size, gate }) => (
              <tr key={name}>
                <td>{name}</td>
                <td>{sizeOf(size)}</td>
                <td className="num">{percent(gate.successPercent / 100)}</td>
                <td className="num">{percent(gate.failurePercent / 100)}</td>
                <td className="num">{duration(gate.soak_s)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
    </div>
  );
}

export function Targets({ campaign }: { readonly campaign: Campaign }) {
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
                {code}: {count(vehicles)}
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
