/** Programs that an installation runs to their end. */
import { spawn } from 'node:child_process';

/**
 * Runs a program of an installation to its end.
 * @throws Error with its output when it fails; `missing` is said when there is no such program.
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly missing: string },
): Promise<string> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error(options.missing) : error),
    );
    child.on('close', resolve);
  });
  const text = Buffer.concat(output).toString();
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} failed (exit code ${code}):\n${text.slice(-4000)}`);
  return text;
}
