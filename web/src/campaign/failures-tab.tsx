/** Which vehicles of the campaign failed: all, or those of a slice or code, as the address says. */
import { FailureList } from '../failures/failure-list.tsx';
import { Link, useQueryState } from '../lib/router.tsx';
import type { Progress } from '../lib/types.ts';
import { SelectField } from '../ui/select.tsx';
import { failuresOf } from './failures-of.ts';

const PAGE = 100;

interface FailuresTabProps {
  readonly campaignId: string;
  /** Names the values that can be chosen; null until the first numbers came. */
  readonly progress: Progress | null;
}

export default function FailuresTab({ campaignId, progress }: FailuresTabProps) {
  const [model, setModel] = useQueryState('model');
  const [region, setRegion] = useQueryState('region');
  const [code, setCode] = useQueryState('code');
  const filtered = model + region + code !== '';
  const slice = [model, region].filter(Boolean).join(' in ');
  const title = ['Failed attempts', slice === '' ? '' : `of ${slice}`, code === '' ? '' : `with ${code}`];
  return (
    <FailureList
      title={title.filter(Boolean).join(' ')}
      name={`${campaignId}-failures`}
      filter={{ campaign: campaignId, ...given({ model, region, code }) }}
      pageSize={PAGE}
      empty={
        filtered ? (
          <>
            <p>No attempt has failed with these filters.</p>
            <Link to={failuresOf(campaignId, {})}>Show all failures of the campaign</Link>
          </>
        ) : (
          'No attempt has failed in this campaign.'
        )
      }
    >
      <div className="body row">
        <Choice id="model" label="Vehicle type" value={model} onChange={setModel} of={progress?.byModel} />
        <Choice id="region" label="Region" value={region} onChange={setRegion} of={progress?.byRegion} />
        <Choice id="code" label="Code" value={code} onChange={setCode} of={progress?.failureCodes} />
      </div>
    </FailureList>
  );
}

const given = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));

interface ChoiceProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly of: Readonly<Record<string, unknown>> | undefined;
}

function Choice({ of, ...choice }: ChoiceProps) {
  const names = [...new Set([...Object.keys(of ?? {}), choice.value])].filter(Boolean).sort();
  return <SelectField {...choice} options={[['', 'All'], ...names]} />;
}
