import { describe, expect, it } from 'vitest';
import type { TargetRow } from '../../../src/app/ports.ts';
import { vehicleStream } from '../../../src/domain/shared/streams.ts';
import { TargetingIndex } from '../../../src/projections/targeting/targeting-index.ts';
import { artifact, described, Log, list, tcm, vehicle } from './support.ts';

function indexOf(log: Log): TargetingIndex {
  const index = new TargetingIndex();
  index.apply(log.batch());
  return index;
}

function counted(index: TargetingIndex, query: string, artifacts: readonly string[] = []) {
  const answer = index.count(query, artifacts);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problem));
  return answer;
}

function refusal(index: TargetingIndex, query: string, artifacts: readonly string[] = []) {
  const answer = index.count(query, artifacts);
  if (answer.ok) throw new Error('the query was answered');
  return answer.problem;
}

function selected(index: TargetingIndex, query: string, artifacts: readonly string[]) {
  const opened = index.openSelection(query, artifacts);
  if (!opened.ok) throw new Error(JSON.stringify(opened.problem));
  const rows: TargetRow[] = [];
  for (let batch = index.nextRows(opened.id); batch !== null; batch = index.nextRows(opened.id))
    rows.push(...batch);
  index.closeSelection(opened.id);
  return { ...opened, rows };
}

describe('counting', () => {
  it('counts what matches, what can take the artifacts, and why the rest can not', () => {
    const log = new Log();
    vehicle(log, 'A', { model: 'X', region: 'DE-BY' });
    vehicle(log, 'B', { model: 'X' }, [tcm('2.0.0')]);
    vehicle(log, 'C', { model: 'Y' });
    vehicle(log, 'D', { model: 'X', region: 'FR' });
    artifact(log, 'tcm@2.0.0', { regions: ['DE'] });
    const { matched, compatible, reasons, facets } = counted(indexOf(log), 'model==X', ['tcm@2.0.0']);
    expect({ matched, compatible, reasons }).toEqual({
      matched: 3,
      compatible: 1,
      reasons: [
        { code: 'region', vehicles: 1 },
        { code: 'already-installed', vehicles: 1 },
      ],
    });
    expect(facets).toEqual({
      brand: [{ value: 'Acme', vehicles: 1 }],
      model: [{ value: 'X', vehicles: 1 }],
      variant: [{ value: '', vehicles: 1 }],
      region: [{ value: 'DE-BY', vehicles: 1 }],
      hardware: [{ value: 'T-1 1.0', vehicles: 1 }],
      software: [{ value: '1.0.0', vehicles: 1 }],
    });
  });

  it('matches no vehicle that is out of use', () => {
    const log = vehicle(vehicle(new Log(), 'A'), 'B');
    log.add(vehicleStream('B'), {
      type: 'VehicleDecommissioned',
      data: { vehicleId: 'B', reason: 'sold', at: '2026-01-01T00:00:00.000Z' },
    });
    expect(counted(indexOf(log), 'vehicle==*')).toMatchObject({ matched: 1, compatible: 1, reasons: [] });
  });

  it('follows changes of vehicles, and answers known queries anew', () => {
    const log = vehicle(new Log(), 'A');
    artifact(log, 'tcm@2.0.0');
    const index = indexOf(log);
    const now = () => {
      const { matched, compatible } = counted(index, 'model==X;ecu.TCM.software=lt=2.0.0', ['tcm@2.0.0']);
      return { matched, compatible };
    };
    expect(now()).toEqual({ matched: 1, compatible: 1 });
    vehicle(log, 'B', {}, [tcm('1.5.0', 'S-2')]);
    index.apply(log.batch());
    expect(now()).toEqual({ matched: 2, compatible: 2 });
    log.add(vehicleStream('A'), {
      type: 'EcuReplaced',
      data: {
        vehicleId: 'A',
        type: 'TCM',
        position: '',
        removedSerial: '',
        installed: tcm('2.0.0', 'S-3'),
        source: 'workshop',
      },
    });
    log.add(vehicleStream('B'), {
      type: 'VehicleDescribed',
      data: { vehicleId: 'B', description: described({ model: 'Y' }) },
    });
    index.apply(log.batch());
    expect(now()).toEqual({ matched: 0, compatible: 0 });
  });

  it('vehicles that differ only in serials, order of tags or of ECUs share a configuration', () => {
    const log = new Log();
    vehicle(log, 'A', { tags: ['a', 'b'] }, [tcm('1.0.0', 'S-1', 'left'), tcm('1.0.0', 'S-2', 'right')]);
    vehicle(log, 'B', { tags: ['b', 'a'] }, [tcm('1.0.0', 'S-3', 'right'), tcm('1.0.0', 'S-4', 'left')]);
    const index = indexOf(log);
    const before = index.size.configurations;
    vehicle(log, 'C', { tags: ['b', 'a'], buildDate: '2024-01-01' }, [
      tcm('1.0.0', '', 'right'),
      tcm('1.0.0', '', 'left'),
    ]);
    index.apply(log.batch());
    expect(index.size).toEqual({ vehicles: 3, configurations: before });
    expect(counted(index, 'tag==a;tag==b').matched).toBe(3);
  });
});

describe('questions to each vehicle', () => {
  const log = new Log();
  vehicle(log, 'WVW1', { buildDate: '2024-02-28' });
  vehicle(log, 'WVW2', { buildDate: '2024-03-01', model: 'Y' });
  vehicle(log, 'ZAR1');
  list(log, 'pilots', ['WVW1', 'ZAR1', 'LATER']);
  const index = indexOf(log);
  const matched = (query: string): number => counted(index, query).matched;

  it.each([
    ['vehicle==WVW1', 1],
    ['vehicle!=WVW1', 2],
    ['vehicle==NOBODY', 0],
    ['vehicle==WVW*', 2],
    ['vin==*1', 2],
    ['vehicle!=WVW*', 1],
    ['vehicle=in=list:pilots', 2],
    ['vehicle=out=list:pilots', 1],
    ['vehicle=in=(list:pilots,WVW2)', 3],
    ['vehicle=in=list:pilots;model==X', 2],
    ['vehicle==WVW1,model==Y', 2],
    ['buildDate>=2024-03-01', 1],
    ['buildDate<2024-03-01', 1],
    ['buildDate==2024-*', 2],
    ['buildDate!=2024-03-01', 2],
  ])('%s matches %i', (query, expected) => expect(matched(query)).toBe(expected));

  it('a list counts vehicles from their registration on', () => {
    vehicle(log, 'LATER');
    index.apply(log.batch());
    expect(matched('vehicle=in=list:pilots')).toBe(3);
  });

  it('a vehicle knows the lists that it is in', () => {
    expect(index.listsWith('LATER', ['none', 'pilots'])).toEqual(['pilots']);
    expect(index.listsWith('NOBODY', ['pilots'])).toEqual([]);
  });

  it('a list is replaced as a whole, by its last part', () => {
    const parts = list(new Log(), 'x', ['A', 'B', 'C'], 1);
    const whole = parts.batch().events;
    const own = new TargetingIndex();
    own.apply(vehicle(new Log(), 'A').batch());
    const shifted = whole.map((event, i) => ({ ...event, position: `1${i}`.padStart(12, '0') }));
    for (const event of shifted.slice(0, 2)) own.apply({ events: [event], position: event.position });
    expect(refusal(own, 'vehicle=in=list:x')).toMatchObject({ code: 'invalid-query' });
    for (const event of shifted.slice(2)) own.apply({ events: [event], position: event.position });
    expect(counted(own, 'vehicle=in=list:x').matched).toBe(1);
  });
});

describe('selecting', () => {
  it('gives each compatible vehicle once, with its revision and slice', () => {
    const log = new Log();
    artifact(log, 'tcm@2.0.0');
    vehicle(log, 'A', { region: 'DE' });
    vehicle(log, 'B', { region: 'FR' }, [tcm('1.2.0')]);
    vehicle(log, 'C', { region: 'FR' }, [tcm('2.0.0')]);
    log.add(vehicleStream('A'), {
      type: 'ServiceFlagged',
      data: { vehicleId: 'A', code: 'brakes', reason: 'worn' },
    });
    const index = indexOf(log);
    const { rows, slices, matched, incompatible, reasons, lastEventId } = selected(index, 'model==X', [
      'tcm@2.0.0',
    ]);
    expect({ matched, incompatible, reasons }).toEqual({
      matched: 3,
      incompatible: 1,
      reasons: [{ code: 'already-installed', vehicles: 1 }],
    });
    expect(lastEventId).toBe('event-11');
    expect(rows.map(({ vehicleId, revision, slice }) => ({ vehicleId, revision, ...slices[slice] }))).toEqual(
      [
        {
          vehicleId: 'A',
          revision: 3,
          brand: 'Acme',
          model: 'X',
          variant: '',
          region: 'DE',
          timeZone: 'Europe/Berlin',
          hardware: 'T-1 1.0',
          software: '1.0.0',
        },
        {
          vehicleId: 'B',
          revision: 2,
          brand: 'Acme',
          model: 'X',
          variant: '',
          region: 'FR',
          timeZone: 'Europe/Berlin',
          hardware: 'T-1 1.0',
          software: '1.2.0',
        },
      ],
    );
  });

  it('stays as it was while vehicles change', () => {
    const log = vehicle(new Log(), 'A');
    artifact(log, 'tcm@2.0.0');
    const index = indexOf(log);
    const opened = index.openSelection('vehicle==*', ['tcm@2.0.0']);
    if (!opened.ok) throw new Error('not opened');
    vehicle(log, 'B');
    log.add(vehicleStream('A'), { type: 'ServiceCleared', data: { vehicleId: 'A', code: 'x' } });
    index.apply(log.batch());
    expect(index.nextRows(opened.id)).toEqual([{ vehicleId: 'A', revision: 2, slice: 0 }]);
    expect(index.nextRows(opened.id)).toBeNull();
    index.closeSelection(opened.id);
    expect(() => index.nextRows(opened.id)).toThrow('not open');
  });

  it('reflects nothing of an empty log', () => {
    expect(selected(new TargetingIndex(), 'vehicle==*', [])).toMatchObject({
      matched: 0,
      rows: [],
      lastEventId: null,
    });
  });

  it('bounds how many are open', () => {
    const index = new TargetingIndex();
    for (let i = 0; i < 8; i++) index.openSelection('vehicle==*', []);
    expect(() => index.openSelection('vehicle==*', [])).toThrow('open already');
  });
});

describe('what can not be answered', () => {
  const log = new Log();
  artifact(log, 'tcm@2.0.0');
  const index = indexOf(log);

  it('a query with a mistake, at its character', () =>
    expect(refusal(index, 'model==X;regoin==DE')).toMatchObject({
      code: 'invalid-query',
      error: { position: 9, length: 6 },
    }));
  it('an artifact that is not registered', () =>
    expect(refusal(index, 'model==X', ['tcm@2.0.0', 'no@1'])).toEqual({
      code: 'unknown-artifact',
      artifactId: 'no@1',
    }));
  it('a list that was never uploaded', () =>
    expect(refusal(index, 'model==X;vehicle=in=list:nope')).toMatchObject({
      code: 'invalid-query',
      error: { position: 20, length: 9, message: 'there is no list nope' },
    }));
  it('VINs where they are not the ids', () => {
    const sealed = new Log().add(vehicleStream('P1'), {
      type: 'VehicleRegistered',
      data: { vehicleId: 'P1', vin: { sealed: 'AAAA', keyId: 'k' }, checkDigitValid: true },
    });
    expect(refusal(indexOf(sealed), 'model==X;vin==WVWZZZ1JZXW000001')).toMatchObject({
      code: 'invalid-query',
      error: { position: 9, length: 3 },
    });
  });
});

describe('what is known of vehicles', () => {
  const log = vehicle(new Log(), 'A');
  const other = artifact(log, 'tcm@3.0.0', { previousSoftware: { range: '>=2.0.0' } });
  const foreign = artifact(log, 'tcm@3.1.0', { models: ['Z'] });
  const index = indexOf(log);

  it('targets that a vehicle in use has', () => {
    expect(index.targetIsKnown('TCM', 'main')).toBe(true);
    expect(index.targetIsKnown('TCM', 'maps')).toBe(false);
    expect(index.targetIsKnown('ADAS', 'main')).toBe(false);
  });
  it('requirements that one meets, whatever software it has now', () => {
    expect(index.matchesAnyVehicle(other)).toBe(true);
    expect(index.matchesAnyVehicle(foreign)).toBe(false);
  });
});

it('an event that was folded before changes nothing', () => {
  const log = vehicle(new Log(), 'A');
  const batch = log.batch();
  const index = new TargetingIndex();
  index.apply(batch);
  index.apply(batch);
  expect(counted(index, 'vehicle==*').matched).toBe(1);
  expect(index.position).toBe(batch.position);
});
