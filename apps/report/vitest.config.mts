export { default } from '../../vitest.project.mjs';
