package postgres_test

import (
	"testing"

	"github.com/Shopify/toxiproxy/v2/toxics"

	"accesscodes/internal/campaign"
	"accesscodes/internal/codes"
)

func TestCampaignLatencyBreaksNoPromise(t *testing.T) {
	t.Parallel()
	r := startRig(t)
	r.awaitWork(50)
	r.proxy.add("latency", "downstream", 1, &toxics.LatencyToxic{Latency: 25, Jitter: 20})
	r.proxy.add("latency", "upstream", 1, &toxics.LatencyToxic{Latency: 10, Jitter: 10})
	r.awaitWork(100)
	r.proxy.cut()
	r.awaitWork(50)
	if all := r.finish(r.conn); all.unavailable != 0 || all.unknown != 0 {
		t.Errorf("a slow network made errors: %+v", all)
	}
}

// TestCampaignConnectionsThatBreakAgainAndAgainBreakNoPromise: with the time that the store has,
// callers do not even notice.
func TestCampaignConnectionsThatBreakAgainAndAgainBreakNoPromise(t *testing.T) {
	t.Parallel()
	r := startRig(t)
	for range campaign.Length(t, 15, 500) {
		r.awaitWork(7)
		r.proxy.cut()
	}
	r.awaitWork(50)
	if all := r.finish(r.conn); all.unavailable != 0 || all.unknown != 0 {
		t.Errorf("broken connections made errors: %+v", all)
	}
}

// TestCampaignConnectionsThatAreResetBreakNoPromise: one connection in three is reset when the
// database answers for the first time, at whatever moment.
func TestCampaignConnectionsThatAreResetBreakNoPromise(t *testing.T) {
	t.Parallel()
	r := startRig(t)
	for i := range campaign.Length(t, 8, 300) {
		r.awaitWork(7)
		r.proxy.cut()
		r.proxy.add("reset_peer", "downstream", 1./3, &toxics.ResetToxic{Timeout: int64(i % 3)})
		r.proxy.add("limit_data", "upstream", 1./3, &toxics.LimitDataToxic{Bytes: int64(100 * i)})
	}
	r.proxy.cut()
	r.awaitWork(50)
	r.finish(r.conn)
}

// TestCampaignADatabaseThatFallsSilentIsGivenUpInTime: connections stay, nothing comes through.
func TestCampaignADatabaseThatFallsSilentIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	for _, direction := range []string{"upstream", "downstream"} {
		t.Run(direction, func(t *testing.T) {
			t.Parallel()
			r := startRig(t)
			r.awaitWork(50)
			r.proxy.swallow(direction)
			r.await(1, "refused codes", isUnavailable)
			r.proxy.cut()
			r.awaitWork(50)
			r.finish(r.conn)
		})
	}
}

// TestCampaignCommitsWhoseAnswersAreLostAreAcknowledged holds a commit back until its answer
// cannot get through any more.
func TestCampaignCommitsWhoseAnswersAreLostAreAcknowledged(t *testing.T) {
	t.Parallel()
	r := startRig(t)
	holdCommits(t, r.conn, "codes")
	var lost []row
	for range campaign.Length(t, 5, 100) {
		r.awaitWork(20)
		lost = append(lost, r.loseAnAnswer()...)
	}
	r.awaitWork(50)
	if all := r.finish(r.conn); all.unavailable != 0 || all.unknown != 0 {
		t.Errorf("lost answers made errors: %+v", all)
	}
	checkAcknowledged(t, r.load, lost)
}

// loseAnAnswer returns the rows of a commit whose answer never got to the store.
func (r *rig) loseAnAnswer() (lost []row) {
	r.t.Helper()
	var before map[row]bool
	whileCommitWaits(r.t, r.conn, func() {}, func() {
		before = setOf(rowsOf(r.t, r.conn))
		r.proxy.swallow("downstream")
	})
	awaitTrue(r.t, r.conn, "SELECT count(*) > $1 FROM codes", len(before))
	for _, stored := range rowsOf(r.t, r.conn) {
		if !before[stored] {
			lost = append(lost, stored)
		}
	}
	r.proxy.cut()
	return lost
}

func setOf(rows []row) map[row]bool {
	set := map[row]bool{}
	for _, r := range rows {
		set[r] = true
	}
	return set
}

// checkAcknowledged checks that each row's caller was told, once, that it is stored.
func checkAcknowledged(t *testing.T, l *load, rows []row) {
	t.Helper()
	told := map[row]int{}
	for _, e := range l.ledger {
		if e.err == nil && e.result.Outcome == codes.Inserted {
			told[rowOf(e.code)]++
		}
	}
	for _, r := range rows {
		if told[r] != 1 {
			t.Errorf("%s was committed and its answer lost; its caller was told %d times that it is stored",
				r.canonical, told[r])
		}
	}
	if len(rows) < 5 {
		t.Errorf("the answers of %d codes were lost, want one in each round at least", len(rows))
	}
	t.Logf("%d codes were committed without an answer", len(rows))
}

// TestCampaignADatabaseThatIsKilledBreaksNoPromise: callers of one that stays away are refused soon,
// and the same store goes on when it is back.
func TestCampaignADatabaseThatIsKilledBreaksNoPromise(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t)
	address := databaseOn(t, cluster)
	l := startLoad(t, address)
	for round := range campaign.Length(t, 3, 30) {
		staysAway := round%3 == 1
		l.awaitWork(50)
		if err := cluster.Kill(); err != nil {
			t.Fatal(err)
		}
		if staysAway {
			l.await(1, "refused codes", isUnavailable)
		}
		if err := cluster.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	l.awaitWork(50)
	l.finish(connect(t, address))
}
