/** The installed base as it is answered: a column of instants, and one of vehicles for each version. */
import { z } from 'zod';
import { optional, type Row, required, type Table } from '../../app/export/table.ts';
import { compareVersions, isSemver } from '../../domain/shared/version.ts';
import { MIXED, OTHER, versionName } from '../../projections/installed-base/format.ts';
import type { InstalledBaseSeries } from '../../projections/installed-base/read.ts';

const count = z.int().min(0);
export const installedBaseSchema = z
  .object({
    ecuType: z.string(),
    component: z.string(),
    model: z.string().nullable().meta({ description: 'The only one counted; null = all.' }),
    region: z.string().nullable().meta({ description: 'The only one counted; null = all.' }),
    step_s: z.number().meta({ description: 'Seconds between two instants; less before the last one.' }),
    instants: z.array(z.string()).meta({ description: 'Oldest first.' }),
    versions: z
      .array(
        z.object({
          kind: z.enum(['version', 'mixed', 'other']).meta({
            description:
              '`mixed` where the ECUs of one vehicle differ, `other` for what came when too many versions were counted already.',
          }),
          version: z.string().nullable().meta({ description: 'Null for what is no single version.' }),
          vehicles: z.array(count).meta({ description: 'At each instant.' }),
        }),
      )
      .meta({ description: 'Oldest version first; none that no vehicle had at any of the instants.' }),
    vehicles: z.array(count).meta({ description: 'All of them, at each instant.' }),
    models: z.array(z.string()).meta({ description: 'Models that have it now.' }),
    regions: z.array(z.string()).meta({ description: 'Regions that have it now.' }),
  })
  .meta({ id: 'InstalledBase' });
export type InstalledBase = z.output<typeof installedBaseSchema>;

export function installedBaseAnswer(
  { ecuType, component }: Pick<InstalledBase, 'ecuType' | 'component'>,
  { model, region }: { readonly model?: string | undefined; readonly region?: string | undefined },
  { step_ms, points, models, regions }: InstalledBaseSeries,
): InstalledBase {
  const names = new Set(points.flatMap(({ counts }) => Object.keys(counts)));
  const columns = [...names].sort(inOrder).map((name) => ({
    ...namedBy(name),
    vehicles: points.map(({ counts }) => counts[name] ?? 0),
  }));
  return {
    ecuType,
    component,
    model: model ?? null,
    region: region ?? null,
    step_s: step_ms / 1000,
    instants: points.map(({ at_ms }) => new Date(at_ms).toISOString()),
    versions: columns,
    vehicles: points.map((_, n) => columns.reduce((sum, { vehicles }) => sum + (vehicles[n] ?? 0), 0)),
    models: [...models],
    regions: [...regions],
  };
}

const versionIn = (name: string): string => name.slice(versionName('').length);

function namedBy(name: string): Pick<InstalledBase['versions'][number], 'kind' | 'version'> {
  return name === MIXED || name === OTHER
    ? { kind: name, version: null }
    : { kind: 'version', version: versionIn(name) };
}

/** Semantic versions by age, then names, then what is no single version. */
function inOrder(a: string, b: string): number {
  const byKind = rank(a) - rank(b);
  if (byKind !== 0) return byKind;
  return compareVersions(versionIn(a), versionIn(b)) || (a < b ? -1 : 1);
}

function rank(name: string): number {
  if (name === OTHER) return 3;
  if (name === MIXED) return 2;
  return isSemver(versionIn(name)) ? 0 : 1;
}

/** A row for each instant and version. */
export function installedBaseTable({ ecuType, component, instants, versions }: InstalledBase): Table {
  const rows = instants.flatMap((at, n) =>
    versions.map(
      ({ kind, version, vehicles }): Row => [at, ecuType, component, kind, version, vehicles[n] ?? 0],
    ),
  );
  return {
    name: `installed-base-${ecuType}-${component}`,
    columns: [
      required('at', 'timestamp'),
      required('ecu_type', 'string'),
      required('component', 'string'),
      required('kind', 'string'),
      optional('version', 'string'),
      required('vehicles', 'int'),
    ],
    rows: batchOf(rows),
  };
}

async function* batchOf(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  yield rows;
}
