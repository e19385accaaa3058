/** A throw-away certificate authority for tests and development, made with OpenSSL. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../run.ts';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** Path of its certificate. */
  readonly ca: string;
  /** Makes a certificate; one that is there already is taken. The name becomes the CN. */
  issue(name: string, purpose: 'server' | 'client'): Promise<CertificateFiles>;
}

const DAYS = '30';
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const EXTENSIONS = {
  server: 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n',
  client: 'extendedKeyUsage=clientAuth\n',
};

const openssl = (args: readonly string[]): Promise<string> =>
  run('openssl', args, { missing: 'Certificates for tests are made with openssl: install it.' });

/** Its files are in `directory`; they are made at the first call. */
export async function openAuthority(directory: string): Promise<Authority> {
  mkdirSync(directory, { recursive: true });
  const file = (name: string): string => join(directory, name);
  const [ca, caKey] = [file('ca.crt'), file('ca.key')];
  if (!existsSync(ca)) {
    const subject = ['-subj', '/CN=Fleetwave test authority', '-days', DAYS];
    await openssl(['req', '-x509', ...KEY, '-keyout', caKey, '-out', ca, ...subject]);
    chmodSync(caKey, 0o600);
  }
  return {
    ca,
    async issue(name, purpose) {
      const [cert, key, request, extensions] = ['crt', 'key', 'csr', 'ext'].map((end) =>
        file(`${purpose}-${name}.${end}`),
      ) as [string, string, string, string];
      if (existsSync(cert)) return { cert, key };
      writeFileSync(extensions, EXTENSIONS[purpose]);
      await openssl(['req', '-new', ...KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`]);
      chmodSync(key, 0o600);
      const signer = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', DAYS];
      await openssl(['x509', '-req', '-in', request, ...signer, '-extfile', extensions, '-out', cert]);
      return { cert, key };
    },
  };
}

export const readCertificate = ({ cert, key }: CertificateFiles): Certificate => ({
  cert: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
});
