/** Everything fits in memory. */
export const IN_MEMORY = ['--mem-queue-size=2000000']
/** Everything goes to disk. */
export const ON_DISK = ['--mem-queue-size=0']
