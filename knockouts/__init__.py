"""What notices when a function of the package is wrong? Each public function is sabotaged, and all that looks is asked.

A sabotage is small and means something: the mask inverted, the sign wrong, one index too few. Tests, the cells of the
lessons, their claims and the checks of homework are asked whether they notice; `python course.py knockout` writes down
who did, and the site shows it.

Mutation testers (mutmut, cosmic-ray, pytest-gremlins, looked at) change operators and constants in the source, one
by one, and ask tests alone. Of such a mutant nobody can say what it would mean in a lesson, a notebook is nothing they
can ask, and each mutant imports torch again. So here is a table of sabotages that have names, and one process that
imports everything once and is forked for each of them.
"""
