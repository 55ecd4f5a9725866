// Package job is work that outlives its request: it is done in steps, by any node, and goes on where
// it stopped. It defines jobs, who may work on one, and the runner that makes their steps in turn.
//
// A job is a row with a lease and a cursor. Each step is one transaction, which does a part of the
// work and moves the cursor, and only if the node still holds the lease. So nothing is done twice or
// left half done, whenever a node dies. What a step does is the business of other areas; this
// package does not speak SQL or HTTP.
package job
