import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { campaignKey } from '../campaign/use-campaign.ts';
import { command, newKey, path } from '../lib/api.ts';
import { artifactsOf } from '../lib/lists.ts';
import { neededRoles } from '../lib/may.ts';
import type { FieldError as FieldProblem } from '../lib/placed.ts';
import { Link, navigate } from '../lib/router.tsx';
import { useMay } from '../lib/session.ts';
import type { Campaign } from '../lib/types.ts';
import { Card } from '../ui/card.tsx';
import { FieldError, FieldErrors, TextField } from '../ui/field.tsx';
import { Empty, Loaded, ProblemView } from '../ui/states.tsx';
import { usePlaced } from '../ui/use-placed.ts';
import { type Draft, idFrom, policyOf } from './draft.ts';
import { useKeptDraft } from './kept-draft.ts';
import { Pace } from './pace.tsx';
import { Preview } from './preview.tsx';
import { QueryField, usePreview } from './query-field.tsx';
import { placed } from './refused.ts';
import { WaveEditor } from './wave-editor.tsx';

interface PlanFormProps {
  readonly initial: Draft;
  /** The campaign that is changed; null makes a new one. */
  readonly campaign: Campaign | null;
  readonly onSaved?: () => void;
}

/** Sends what has changed: the policy first, then the query, which freezes the targets. */
async function save(draft: Draft, made: boolean, onMade: () => void): Promise<void> {
  const at = path`/v1/campaigns/${draft.id}`;
  const policy = policyOf(draft);
  const { title, purpose } = draft;
  if (made) await command(`${at}/amend`, { body: { policy }, key: newKey() });
  else await command(at, { method: 'PUT', body: { title, purpose, policy }, key: newKey() });
  onMade();
  await command(`${at}/define-targeting`, { body: { query: draft.query.trim() }, key: newKey() });
}

export function PlanForm({ initial, campaign, onSaved }: PlanFormProps) {
  const client = useQueryClient();
  const may = useMay();
  const { draft, restored, set, discard, forget } = useKeptDraft(initial, campaign);
  // Also when only its query was refused: what is sent next changes it.
  const [made, setMade] = useState(campaign !== null);
  const preview = usePreview(draft.query, draft.artifacts);
  const saving = useMutation({
    mutationFn: () => save(draft, made, () => setMade(true)),
    onSuccess: async () => {
      forget();
      await client.invalidateQueries({ queryKey: campaignKey(draft.id) });
      onSaved?.();
      navigate(path`/plan/${draft.id}`);
    },
  });
  const [sent, setSent] = useState(draft.waves);
  const fields = useRef<HTMLDivElement>(null);
  const place = useCallback((errors: readonly FieldProblem[]) => placed(errors, sent), [sent]);
  const refused = usePlaced(saving.error, place, fields);
  const ready =
    draft.id !== '' && draft.title !== '' && draft.artifacts.length > 0 && draft.query.trim() !== '';
  return (
    <form
      className="plan"
      onSubmit={(event) => {
        event.preventDefault();
        setSent(draft.waves);
        saving.mutate();
      }}
    >
      <div className="stack" ref={fields}>
        {restored ? (
          <p className="row" role="status">
            <span>Your changes that were not saved are here again.</span>
            <button type="button" className="button plain" onClick={discard}>
              Discard them
            </button>
          </p>
        ) : null}
        <FieldErrors value={refused.at}>
          <Card title="What and why">
            <What draft={draft} made={made} set={set} />
          </Card>
          <Card title="Who">
            <QueryField value={draft.query} onChange={(query) => set({ query })} error={preview.error} />
          </Card>
          <Card title="Waves and gates">
            <WaveEditor waves={draft.waves} onChange={(waves) => set({ waves })} />
          </Card>
          <Card title="When and how fast">
            <Pace draft={draft} set={set} />
          </Card>
        </FieldErrors>
        <ProblemView error={saving.error} placed={refused.paths} />
        <div className="row end">
          {may('createCampaign') ? null : (
            <span className="small quiet">Needs the role {neededRoles('createCampaign')}.</span>
          )}
          <button
            type="submit"
            className="button primary"
            disabled={!ready || saving.isPending || !may('createCampaign')}
          >
            {saving.isPending ? 'Freezing the targets…' : 'Save and freeze the targets'}
          </button>
        </div>
      </div>
      <div className="beside">
        <Preview
          found={preview.data}
          stale={preview.isFetching}
          wrong={draft.query.trim() !== '' && preview.error !== null}
          waves={draft.waves}
        />
      </div>
    </form>
  );
}

interface WhatProps {
  readonly draft: Draft;
  /** It is on record: its name stays. */
  readonly made: boolean;
  readonly set: (fields: Partial<Draft>) => void;
}

function What({ draft, made, set }: WhatProps) {
  const [ownId, setOwnId] = useState(made);
  return (
    <div className="stack">
      <TextField
        id="title"
        label="Title"
        required
        maxLength={200}
        readOnly={made}
        value={draft.title}
        onChange={(title) => set(ownId ? { title } : { title, id: idFrom(title) })}
      />
      <TextField
        id="id"
        label="Id"
        hint="Part of links and of every event; it can't be changed later."
        required
        readOnly={made}
        value={draft.id}
        onChange={(id) => {
          setOwnId(true);
          set({ id });
        }}
      />
      <TextField
        id="purpose"
        label="Purpose"
        readOnly={made}
        value={draft.purpose}
        onChange={(purpose) => set({ purpose })}
      />
      <Artifacts chosen={draft.artifacts} onChange={(artifacts) => set({ artifacts })} />
    </div>
  );
}

interface ArtifactsProps {
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

/** In the order in which they were chosen, which is the order in which they are installed. */
function Artifacts({ chosen, onChange }: ArtifactsProps) {
  const released = useQuery(artifactsOf('released'));
  return (
    <fieldset className="field">
      <legend className="label small">Artifacts, in the order of installation</legend>
      <FieldError id="artifacts" />
      <Loaded query={released} what="released artifacts">
        {({ items }) =>
          items.length === 0 ? (
            <Empty>
              <p>No artifact is released: campaigns take only those.</p>
              <Link to="/artifacts">To the artifacts</Link>
            </Empty>
          ) : (
            <div className="choices">
              {items.map(({ id, target, releaseType }) => (
                <label key={id}>
                  <input
                    type="checkbox"
                    checked={chosen.includes(id)}
                    onChange={({ target: { checked } }) =>
                      onChange(checked ? [...chosen, id] : chosen.filter((one) => one !== id))
                    }
                  />
                  <code>{id}</code>
                  <span className="small quiet">
                    {target.ecuType}/{target.component}, {releaseType}
                    {chosen.includes(id) && chosen.length > 1 ? ` · ${chosen.indexOf(id) + 1}.` : ''}
                  </span>
                </label>
              ))}
            </div>
          )
        }
      </Loaded>
    </fieldset>
  );
}
