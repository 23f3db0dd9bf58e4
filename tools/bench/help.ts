/** What `npm run bench -- --help` says. */
export const benchHelp = `npm run bench [-- --quick] [--only <row>] [--json <file>] [--svg <file>] [--profile <dir>]

Measures the service beside its limits: every figure is a ratio of two things, or one thing against a bound, of
processes that run on this machine in the same run, in turn. It needs etcd on PATH and nothing else to do.

  --quick        shorter rounds, and 100,000 containers instead of a million: under five minutes
  --only <row>   1 to 8 (all of that number's figures), failover (6 minutes), quota (15 minutes) or soak (21 minutes):
                 those three only if they are asked for; can be given more than once
  --json <file>  rows (row, value, goal, met and more), growth and the machine, as JSON
  --svg <file>   how cost, memory and start grow with the fleet, as a plot (rows 6 and 7)
  --profile <dir>  CPU profiles of the service, for a flame graph in any browser's developer tools; slows it down`;
