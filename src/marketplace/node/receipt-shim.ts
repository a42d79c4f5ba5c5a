import type { Receipt } from '../types.ts';

export function parseReceipt(text: string): Receipt | null {
  try {
    return JSON.parse(text) as Receipt;
  } catch {
    return null;
  }
}
