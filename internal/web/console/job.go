package console

import (
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

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

// sayStopped says on the next page that a job was stopped, or that it had ended before. It returns the
// error of the stop if it is another one.
func (p *page) sayStopped(err error, ended core.Reason) error {
	switch {
	case core.HasReason(err, ended):
		p.sayNext("job.ended_before", "")
	case err != nil:
		return err
	default:
		p.sayNext("job.stopped", "")
	}
	return nil
}
