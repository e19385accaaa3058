import { describe, expect, it } from 'vitest';
import { compatibilityAll, withInstalled } from '../../../src/domain/artifact/compatibility-all.ts';
import { artifact, tcm, vehicle } from './facts.ts';

const step = (version: string, previous: string | null = null) =>
  artifact(
    { previousSoftware: previous === null ? null : { range: previous } },
    { artifactId: `tcm-main@${version}`, version },
  );
const gw = artifact(
  { dependencies: [{ ecuType: 'TCM', software: { range: '>=2.0.0' } }] },
  { artifactId: 'gw-main@4.0.0', version: '4.0.0', target: { ecuType: 'GW', component: 'main' } },
);
const car = (tcmVersion: string, gwVersion: string) =>
  vehicle({ ecus: [tcm(tcmVersion), tcm(gwVersion, { type: 'GW' })] });

describe('the artifacts of one campaign, in order', () => {
  it('a later one sees what an earlier one brings', () => {
    expect(compatibilityAll(car('1.4.0', '3.0.0'), [step('2.0.0'), gw])).toEqual({
      compatible: true,
      satisfied: false,
      pending: ['tcm-main@2.0.0', 'gw-main@4.0.0'],
      reasons: [],
    });
    expect(
      compatibilityAll(car('1.4.0', '3.0.0'), [gw, step('2.0.0')]).reasons.map((reason) => reason.code),
    ).toEqual(['dependency-version']);
  });

  it('takes a target through several versions', () => {
    const steps = [step('1.5.0', '<1.5.0'), step('2.0.0', '>=1.5.0 <2.0.0')];
    expect(compatibilityAll(car('1.4.0', '3.0.0'), steps)).toMatchObject({ compatible: true });
    expect(compatibilityAll(car('1.5.0', '3.0.0'), steps)).toMatchObject({
      compatible: true,
      pending: ['tcm-main@2.0.0'],
    });
    expect(compatibilityAll(car('1.7.0', '3.0.0'), steps).reasons).toMatchObject([
      { code: 'previous-software', artifactId: 'tcm-main@1.5.0' },
    ]);
  });

  it('leaves out a target that is there already, also its earlier steps', () => {
    const steps = [step('1.5.0', '<1.5.0'), step('2.0.0', '>=1.5.0 <2.0.0'), gw];
    expect(compatibilityAll(car('2.0.0', '3.0.0'), steps)).toEqual({
      compatible: true,
      satisfied: false,
      pending: ['gw-main@4.0.0'],
      reasons: [],
    });
  });

  it('is satisfied when every target has its last version', () => {
    const result = compatibilityAll(car('2.0.0', '4.0.0'), [step('1.5.0'), step('2.0.0'), gw]);
    expect(result).toMatchObject({ compatible: false, satisfied: true, pending: [] });
    expect(result.reasons.map(({ code, artifactId }) => [code, artifactId])).toEqual([
      ['already-installed', 'tcm-main@2.0.0'],
      ['already-installed', 'gw-main@4.0.0'],
    ]);
  });

  it('installs on every position and makes up no component', () => {
    const both = vehicle({ ecus: [tcm('1.0.0', { position: 'left' }), tcm('1.1.0', { position: 'right' })] });
    expect(withInstalled(both, step('2.0.0')).ecus.map((ecu) => ecu.components[0]?.softwareVersion)).toEqual([
      '2.0.0',
      '2.0.0',
    ]);
    const maps = artifact({}, { target: { ecuType: 'TCM', component: 'maps' } });
    expect(withInstalled(both, maps).ecus).toEqual(both.ecus);
  });
});
