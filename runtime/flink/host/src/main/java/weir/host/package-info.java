/**
 * The part of Weir that runs inside Flink: it builds the graph from a job file, starts a worker process beside every subtask, moves packets between
 * workers, keeps their state, and recovers. docs/flink.md has the contract with the worker.
 */
package weir.host;
