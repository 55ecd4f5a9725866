package console

import "accesscodes/internal/job"

// jobClass is the class of the stylesheet for a status of a job.
func jobClass(status job.Status) string {
	switch status {
	case job.Succeeded:
		return "done"
	case job.Canceled:
		return "warn"
	default:
		return string(status)
	}
}
