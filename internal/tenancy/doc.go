// Package tenancy is the area of workspaces and API keys: who asks, for which workspace, and with
// which role. It knows nothing about codes, and does not speak HTTP or SQL.
package tenancy
