// The codec and the errors; stores and middleware have entries of their own.
export * from './codec/index.ts';
