"""What every assignment has: released from its source, collected, graded, written back to students and lecturers.

assignments   which there are: each is found by being there
release       released notebooks, test files and solution pages, made from the sources with otter-grader
answers       what a check may trust: plain copies of an answer, fresh instances; values are its numbers
nets          small networks as dicts of arrays, asked for and compared
submissions   what a class has handed in; handed_in reads its files and zips, notebooks its notebooks
sandbox       a submission in a process of its own, cut off from the machine
grading       the tests of each question, run against a submission; ledger keeps what is done
downloads     what Canvas, Moodle and Gradescope hand out, read as it is
by_hand       points that a person sets in place of those of the checks
roster        who is in the class, and whose each submission is; late is what lateness costs; classroom is both
marks         everything that is written when a class has been graded, with the help of the rest:
questions     what an assignment asks, and which of its questions a person reads
written       the written answers: a page to read them on, a table for the points
feedback      the page that a student gets
lms           the table of marks, and the JSON that Gradescope takes
gradebooks    points and feedback on their way back to Canvas and Moodle
summary       how the class has done; similar is whose code is alike, unusual what it should not need,
              changes what differs from the last run
budget        networks that are graded from a file; leaderboard is what the tests measured, the best first
pages         what these pages look like; text is what strangers wrote, made safe for where it goes

Nothing here names an assignment: what only one needs stands in its own module, one folder up.
"""
