/**
 * Stands between a TCP socket and the broker. It follows the MQTT frames going in, without parsing them, so that
 * - a packet larger than allowed, or something that is no MQTT at all, ends the connection before it is kept;
 * - no more PUBLISH packets reach the broker than it has room for: the rest stays in the kernel's buffer, and
 *   TCP slows the sender down.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const CONNECT = 1;
const PUBLISH = 3;
/** A CONNECT carries ids, a password and a will: nothing that needs more. */
const MAX_CONNECT_BYTES = 4096;
/** Remaining Length takes at most four bytes (MQTT 3.1.1, 2.2.3). */
const MAX_LENGTH_BYTES = 4;

export type Violation = 'not-mqtt' | 'packet-too-large';

/** Room for messages over all connections, in bytes of payload. */
export interface Budget {
  isOpen(): boolean;
  /** Calls back once, when there is room again. */
  whenOpen(wake: () => void): void;
}

export interface ConnectionLimits {
  /** Bytes after the fixed header. */
  readonly maxPacketBytes: number;
  /** PUBLISH packets given to the broker and not settled yet. */
  readonly maxInFlight: number;
  readonly budget: Budget;
  readonly onViolation: (what: Violation) => void;
}

/** Written in one turn: beyond it, the writer waits for the kernel. */
const FLUSH_BYTES = 16_384;

const EMPTY = Buffer.alloc(0);

export class GuardedConnection extends Duplex {
  readonly #socket: Socket;
  readonly #limits: ConnectionLimits;
  readonly #wake = (): void => this.#pump();
  /** Came in and not passed on yet. */
  #rest: Buffer = EMPTY;
  /** Written and not handed to the socket yet. */
  #out: Buffer[] = [];
  #outBytes = 0;
  #ended = false;
  #wanted = false;
  #held = false;
  #inFlight = 0;
  #first = true;
  /** Of the frame being passed on: its type, the bytes of its length seen so far, and the bytes still to come. */
  #type = 0;
  #lengthBytes = 0;
  #length = 0;
  #body = 0;

  constructor(socket: Socket, limits: ConnectionLimits) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#limits = limits;
    socket.on('data', (chunk: Buffer) => {
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#pump();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#pump();
    });
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /** Bytes written and not taken by the kernel yet. */
  get pendingBytes(): number {
    return this.writableLength + this.#outBytes + this.#socket.writableLength;
  }

  /** The broker is done with one PUBLISH. */
  settled(): void {
    this.#inFlight--;
    if (this.#rest.length > 0) this.#pump();
  }

  /** Lets no further packet in; what the broker has is still answered. */
  hold(): void {
    this.#held = true;
    this.#socket.pause();
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done);
  }

  /** The broker writes a packet in many small pieces: they leave as one. */
  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.#flush();
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#rest = EMPTY;
    // What was written goes out still, as far as the kernel takes it: a refusal says why.
    this.#flush();
    this.#socket.destroy();
    done(error);
  }

  /** What is written in one turn leaves as one: a receipt, a grant and an acknowledgement are one packet on the wire. */
  #send(bytes: Buffer, done: () => void): void {
    if (this.#socket.destroyed) {
      done();
      return;
    }
    this.#out.push(bytes);
    this.#outBytes += bytes.length;
    if (this.#out.length === 1) setImmediate(() => this.#flush());
    if (this.#outBytes < FLUSH_BYTES && !this.#socket.writableNeedDrain) done();
    else this.#flush(done);
  }

  #flush(done?: () => void): void {
    const [first] = this.#out;
    const bytes = first !== undefined && this.#out.length === 1 ? first : Buffer.concat(this.#out);
    this.#out = [];
    this.#outBytes = 0;
    if (bytes.length === 0 || this.#socket.destroyed || this.#socket.write(bytes) || done === undefined) {
      done?.();
      return;
    }
    const settle = (): void => {
      this.#socket.off('drain', settle);
      this.#socket.off('close', settle);
      done();
    };
    this.#socket.on('drain', settle);
    this.#socket.on('close', settle);
  }

  /** Passes on what may pass, and lets the socket read more when nothing is left. */
  #pump(): void {
    while (this.#wanted && !this.#held && this.#rest.length > 0 && !this.destroyed) {
      const ready = this.#admit();
      if (ready === 0 || this.destroyed) break;
      const part = this.#rest.subarray(0, ready);
      this.#rest = this.#rest.subarray(ready);
      this.#wanted = this.push(part);
    }
    if (this.destroyed) return;
    if (this.#rest.length > 0 || this.#held) this.#socket.pause();
    else if (this.#ended) this.push(null);
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** How many bytes of the rest may pass now: up to the first PUBLISH there is no room for. */
  #admit(): number {
    const bytes = this.#rest;
    let at = 0;
    while (at < bytes.length) {
      if (this.#body > 0) {
        const step = Math.min(this.#body, bytes.length - at);
        this.#body -= step;
        at += step;
      } else if (this.#lengthBytes === 0 && this.#type === 0) {
        if (!this.#begin(bytes[at] ?? 0)) break;
        at++;
      } else {
        if (!this.#measure(bytes[at] ?? 0)) return 0;
        at++;
      }
    }
    return at;
  }

  /** The first byte of a frame. False when it must wait, or is refused. */
  #begin(byte: number): boolean {
    const type = byte >> 4;
    if (type === 0 || (this.#first && byte !== CONNECT << 4)) return this.#refuse('not-mqtt');
    if (type === PUBLISH) {
      if (this.#inFlight >= this.#limits.maxInFlight) return false;
      if (!this.#limits.budget.isOpen()) {
        this.#limits.budget.whenOpen(this.#wake);
        return false;
      }
      this.#inFlight++;
    }
    this.#type = type;
    return true;
  }

  /** A byte of the Remaining Length: seven bits, least significant first, the eighth says that more follow. */
  #measure(byte: number): boolean {
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes++;
    const max = this.#first ? MAX_CONNECT_BYTES : this.#limits.maxPacketBytes;
    if (this.#length > max) return this.#refuse(this.#first ? 'not-mqtt' : 'packet-too-large');
    if ((byte & 0x80) !== 0) return this.#lengthBytes < MAX_LENGTH_BYTES || this.#refuse('not-mqtt');
    this.#body = this.#length;
    this.#type = 0;
    this.#lengthBytes = 0;
    this.#length = 0;
    this.#first = false;
    return true;
  }

  #refuse(what: Violation): false {
    this.#limits.onViolation(what);
    this.destroy();
    return false;
  }
}

/** A budget that closes at `max` bytes and opens again, for those who wait, below it. */
export function createBudget(max: number): Budget & { take(bytes: number): void; give(bytes: number): void } {
  let used = 0;
  const waiting = new Set<() => void>();
  const isOpen = (): boolean => used < max;
  return {
    isOpen,
    whenOpen: (wake) => waiting.add(wake),
    take(bytes) {
      used += bytes;
    },
    give(bytes) {
      used -= bytes;
      for (const wake of waiting) {
        if (!isOpen()) return;
        waiting.delete(wake);
        wake();
      }
    },
  };
}
