export * from '@clip-lung/lidc';
