# `make lab` to learn, `make test` to check everything. Each target calls course.py, which sets up what it needs.
PYTHON ?= python3

.PHONY: lab test bench slides homework grade site notebooks knockout doctor

lab test bench slides homework site notebooks knockout doctor:
	$(PYTHON) course.py $@

# make grade SUBMISSIONS=folder-or-zip [ASSIGNMENT=hw1-masks] [WORKERS=2] [SCHEDULER=tcp://host:8786] [REGRADE=q3] [REASON="why"]
#   [ROSTER=roster.csv] [POLICY=policy.toml] [COLUMN="Homework 1 (4711)"] [DRY_RUN=1] [TRUST=1]
grade:
	$(PYTHON) course.py grade $(if $(SUBMISSIONS),"$(SUBMISSIONS)",$(error SUBMISSIONS=folder is missing)) \
	    $(if $(ASSIGNMENT),--assignment $(ASSIGNMENT)) $(if $(WORKERS),--workers $(WORKERS)) \
	    $(if $(SCHEDULER),--scheduler $(SCHEDULER)) $(if $(REGRADE),--regrade $(REGRADE)) $(if $(TRUST),--trust-submissions) \
	    $(if $(ROSTER),--roster "$(ROSTER)") $(if $(POLICY),--policy "$(POLICY)") $(if $(COLUMN),--column "$(COLUMN)") \
	    $(if $(REASON),--reason "$(REASON)") $(if $(DRY_RUN),--dry-run)
