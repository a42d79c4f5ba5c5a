/**
 * api: the control plane over the host's socket. How a caller greets a host, and what it may ask of it.
 *
 * It holds no state and decides nothing; the host does. Called by cli. The socket itself is in `node/`.
 */
export { type HostStatus, type ToolView, toolViews } from './control.ts';
export {
  type Answer,
  type ConfigArgs,
  type Greeting,
  overridesKey,
  parseAnswer,
  parseGreeting,
  sameConfig,
} from './handshake.ts';
