/** The longest delay that a timer of Node's takes: almost 25 days. It takes a longer one for no delay at all. */
export const MAX_TIMER_MS = 2_147_483_647;
