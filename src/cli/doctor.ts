import { accessSync, constants, existsSync, mkdirSync, statfsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { Command } from 'commander';
import { bad, type Finding, good } from '../app/ports/probe.ts';
import { type Config, environmentName, loadConfig } from '../config.ts';
import { findRunning } from './client.ts';
import { examineArtifacts } from './doctor-deep.ts';
import { examineEngines } from './doctor-engines.ts';
import { withDataDir } from './options.ts';

const GIB = 1024 ** 3;
const LOW_DISK_BYTES = 2 * GIB;

/** `fleetwave doctor`: what would keep a server from running here, and what to do about it. */
export const doctorCommand = (): Command =>
  withDataDir(new Command('doctor'))
    .description(
      'check the data directory, ports, keys, disk space and every engine that is configured, and say what to do',
    )
    .option(
      '--deep',
      'also decrypt every stored artifact and compare it with the log (may run beside the server)',
    )
    .option('--json', 'findings as JSON')
    .action(async (flags: { dataDir?: string; deep?: boolean; json?: boolean }) => {
      const config = loadConfig({ dataDir: flags.dataDir }, process.env);
      const findings = [
        ...(await examine(config)),
        ...(flags.deep === true ? await examineArtifacts(config).catch(unread) : []),
      ];
      if (flags.json === true) console.log(JSON.stringify({ ok: findings.every(({ ok }) => ok), findings }));
      else
        for (const { ok, check, detail, advice } of findings)
          console.log(`${ok ? 'ok  ' : 'BAD '} ${check}: ${detail}${advice && `\n     ${advice}`}`);
      if (findings.some(({ ok }) => !ok)) process.exitCode = 1;
    });

/** What can't be read is no reason to keep the other findings back. */
const unread = (error: unknown): Finding[] => [
  bad('artifacts', error instanceof Error ? error.message : String(error), 'See the findings above.'),
];

async function examine(config: Config): Promise<Finding[]> {
  const engines = examineEngines(config);
  const findings = [checkNode(), checkDirectory(config), checkDisk(config), ...checkKeys(config)];
  const running = findRunning(config.paths.dataDir);
  const here = running === null ? await checkPorts(config) : [await checkServer(running.http)];
  return [...findings, ...here, ...(await engines)];
}

async function checkPorts({ httpHost, httpPort, mqtt, mqttHost, mqttPort }: Config): Promise<Finding[]> {
  const http = await checkPort('HTTP port', httpHost, httpPort, environmentName('httpPort'));
  // With an external broker none listens here.
  if (mqtt !== undefined) return [http];
  return [http, await checkPort('MQTT port', mqttHost, mqttPort, environmentName('mqttPort'))];
}

function checkNode(): Finding {
  const version = process.versions.node;
  return Number.parseInt(version, 10) >= 24
    ? good('Node', version)
    : bad('Node', version, 'Run through `npm` or `npx`, which use the Node 24 that `npm ci` installs.');
}

function checkDirectory({ paths }: Config): Finding {
  try {
    mkdirSync(paths.dataDir, { recursive: true });
    accessSync(paths.dataDir, constants.R_OK | constants.W_OK);
    return good('data directory', `${paths.dataDir} can be written`);
  } catch (error) {
    return bad(
      'data directory',
      String(error),
      `Give this user the directory, or name another with ${environmentName('dataDir')}.`,
    );
  }
}

function checkDisk({ paths }: Config): Finding {
  if (!existsSync(paths.dataDir)) return bad('disk space', 'unknown: the data directory is missing', '');
  const { bavail, bsize } = statfsSync(paths.dataDir);
  const free = bavail * bsize;
  const detail = `${(free / GIB).toFixed(1)} GiB free`;
  return free >= LOW_DISK_BYTES
    ? good('disk space', detail)
    : bad('disk space', detail, 'Free some: a full disk refuses every command.');
}

function checkKeys({ paths }: Config): Finding[] {
  if (!existsSync(paths.keys)) return [good('keys', 'none yet: the first start makes them')];
  const files = ['master.json', 'fleet-secrets.json', 'content-tokens.json', 'signing.pem'].map(
    (name) => `${paths.keys}/${name}`,
  );
  return files
    .filter((file) => existsSync(file))
    .map((file) =>
      (statSync(file).mode & 0o077) === 0
        ? good('key file', file)
        : bad(
            'key file',
            `${file} can be read by others`,
            `chmod 600 ${file}, and exchange the key if others may have seen it.`,
          ),
    );
}

async function checkServer(url: string): Promise<Finding> {
  try {
    const response = await fetch(`${url}/readyz`);
    if (response.ok) return good('server', `${url} is ready`);
    return bad(
      'server',
      `${url}/readyz answers ${response.status}: ${(await response.text()).slice(0, 300)}`,
      'See its log.',
    );
  } catch (error) {
    return bad(
      'server',
      `${url} does not answer: ${String(error)}`,
      'See its log, or stop the process and start it again.',
    );
  }
}

async function checkPort(check: string, host: string, port: number, setting: string): Promise<Finding> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return good(check, `${host}:${port} is free`);
  } catch (error) {
    return bad(
      check,
      `${host}:${port} can't be used: ${(error as Error).message}`,
      `Set ${setting} to a free port, or 0 for any.`,
    );
  } finally {
    server.close();
  }
}
