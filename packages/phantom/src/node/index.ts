export {
  type PhantomSummary,
  writePhantom,
  type WritePhantomOptions,
} from './write-phantom.js';
