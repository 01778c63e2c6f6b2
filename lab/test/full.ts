/** Whether `npm run test:full` runs: what takes minutes, and is seen in part by a shorter test, is only in there. */
export const isFull = process.env.MIDWRITE_TEST === 'full';
