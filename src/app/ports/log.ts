export type LogLevel = 'info' | 'warn' | 'error';
/** `fields.error` is shown with its stack. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;
