/**
 * policy: may this caller do this? One pure function, asked for lists and calls alike.
 *
 * It never sends, waits or logs. Called by exchanges (calls) and host (lists).
 */
export { type AdmitQuestion, admit, type Decision } from './admit.ts';
