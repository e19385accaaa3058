/** The Kubernetes manifests are tried without a cluster: what they say must fit the settings, the image and each other. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig, ROLES } from '../../src/config.ts';
import { IMAGES } from '../support/images.ts';
import { type Kustomization, type Workload, yaml } from './files.ts';

const BASE = 'deploy/kubernetes/base';
const EXAMPLE = 'deploy/kubernetes/overlays/example';
const [base] = yaml<Kustomization>(`${BASE}/kustomization.yaml`) as [Kustomization];
const [example] = yaml<Kustomization>(`${EXAMPLE}/kustomization.yaml`) as [Kustomization];
const [everyRole] = yaml<Workload>(`${BASE}/every-role.yaml`) as [Workload];
const [broker] = yaml<Workload>('deploy/mosquitto/mosquitto.yaml') as [Workload];
const [secret] = yaml<{ stringData: Record<string, string> }>(`${EXAMPLE}/secret.yaml`) as [
  { stringData: Record<string, string> },
];
const literals = [base, example]
  .flatMap(({ configMapGenerator = [] }) => configMapGenerator.flatMap((map) => map.literals ?? []))
  .map(
    (literal) => [literal.slice(0, literal.indexOf('=')), literal.slice(literal.indexOf('=') + 1)] as const,
  );

const folder = mkdtempSync(join(tmpdir(), 'fleetwave-kubernetes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(ROLES)('the role %s', (role) => {
  const documents = yaml<Workload>(`${BASE}/${role}.yaml`);
  const deployment = documents.find(({ kind }) => kind === 'Deployment');
  const container = deployment?.spec.template.spec.containers[0];
  const labels = { 'app.kubernetes.io/name': 'fleetwave', 'app.kubernetes.io/component': role };

  it('has a Deployment of its own that starts it, with what it needs to run', () => {
    expect(base.resources).toContain(`${role}.yaml`);
    expect(deployment?.metadata.name).toBe(`fleetwave-${role}`);
    expect(container?.args).toEqual(['start', '--roles', role]);
    expect(Object.keys(container?.resources?.requests ?? {})).toEqual(['cpu', 'memory']);
    expect(deployment?.spec.template.metadata?.labels).toEqual(labels);
    expect(deployment?.spec.selector?.matchLabels).toEqual(labels);
  });

  it('keeps one copy while nodes are drained', () => {
    const budget = documents.find(({ kind }) => kind === 'PodDisruptionBudget');
    expect(budget?.spec).toMatchObject({ maxUnavailable: 1, selector: { matchLabels: labels } });
    expect(deployment?.spec.replicas).toBe(2);
  });

  it('is accepted with the settings and secrets of the example', () => {
    const environment = Object.fromEntries(
      literals.map(([name, value]) => {
        if (!name.endsWith('_FILE')) return [name, value];
        const key = value.replace('/run/secrets/fleetwave/', '');
        expect(Object.keys(secret.stringData)).toContain(key);
        writeFileSync(join(folder, key), secret.stringData[key] ?? '');
        return [name, join(folder, key)];
      }),
    );
    const config = loadConfig({ roles: role }, environment);
    expect([config.roles, config.paths.keys]).toEqual([[role], '/keys']);
    expect(Buffer.from(config.masterKey ?? '', 'base64')).toHaveLength(32);
  });
});

describe('every role', () => {
  const { spec } = everyRole.spec.template;
  const [container] = spec.containers;

  it('is laid over the same container of the same image', () => {
    expect([container?.name, container?.image]).toEqual(['fleetwave', 'fleetwave']);
    for (const role of ROLES) {
      const [deployment] = yaml<Workload>(`${BASE}/${role}.yaml`);
      const names = deployment?.spec.template.spec.containers.map(({ name, image }) => [name, image]);
      expect(names, role).toEqual([['fleetwave', 'fleetwave']]);
    }
  });

  it('is probed where it answers', () => {
    const [port] = container?.ports ?? [];
    expect(port).toEqual({ name: 'http', containerPort: loadConfig({}, {}).httpPort });
    const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet?.path)).toEqual(['/livez', '/livez', '/readyz']);
    for (const probe of probes) expect(probe?.httpGet?.port).toBe('http');
  });

  it('runs as nobody who can do anything, and gets no FLEETWAVE_ name from Kubernetes', () => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 });
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(spec.enableServiceLinks).toBe(false);
  });

  it('mounts volumes that there are', () => {
    for (const { volumes = [], containers } of [spec, broker.spec.template.spec]) {
      const there = new Set([...volumes.map(({ name }) => name), 'mosquitto']);
      for (const { volumeMounts = [] } of containers)
        expect(volumeMounts.map(({ name }) => name).filter((name) => !there.has(name))).toEqual([]);
    }
  });
});

describe('the broker', () => {
  const [mosquitto, files] = broker.spec.template.spec.containers;

  it('runs the image that is tried, on files that are kept up to date beside it', () => {
    expect(mosquitto?.image).toBe(IMAGES.mosquitto);
    expect([files?.image, files?.args?.[0], files?.args?.includes('--follow')]).toEqual([
      'fleetwave',
      'mosquitto-files',
      true,
    ]);
    expect(broker.spec.template.spec.enableServiceLinks).toBe(false);
  });
});
