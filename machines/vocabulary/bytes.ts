import type { Bytes } from './connectionTypes';

/** Whether a value can be sent: bytes, or a string. */
export const isBytes = (value: unknown): value is Bytes => typeof value === 'string' || value instanceof Uint8Array;

/** How many bytes will be sent. A string is sent as UTF-8. */
export const sizeOf = (data: Bytes): number => (typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength);
