export { createEventFile, type EventFile } from './event-file.js';
export { eventFiles, readEventFolder } from './event-folder.js';
