// Package tenancy is the area of workspaces and API keys: who is asking, for which workspace,
// and with which role. It knows nothing about codes.
package tenancy
