"""Bounds of theorems as functions, one theorem or paper a file: each checks what its theorem assumes, and says which constants are not known."""

from __future__ import annotations

from pmmtheory.theory.assumption import AssumptionViolated as AssumptionViolated
from pmmtheory.theory.bounds.ac_complexity import altschuler_chewi_calls as altschuler_chewi_calls
from pmmtheory.theory.bounds.gcc_complexity import gupta_cai_chen_calls as gupta_cai_chen_calls
from pmmtheory.theory.bounds.kn_complexity import kandasamy_nagaraj_calls as kandasamy_nagaraj_calls
from pmmtheory.theory.bounds.kn_overdamped import kandasamy_nagaraj as kandasamy_nagaraj
from pmmtheory.theory.bounds.kn_overdamped import kandasamy_nagaraj_rate as kandasamy_nagaraj_rate
from pmmtheory.theory.bounds.kn_path import kandasamy_nagaraj_path as kandasamy_nagaraj_path
from pmmtheory.theory.bounds.kn_underdamped import kandasamy_nagaraj_underdamped as kandasamy_nagaraj_underdamped
from pmmtheory.theory.bounds.kn_underdamped import kandasamy_nagaraj_underdamped_rate as kandasamy_nagaraj_underdamped_rate
from pmmtheory.theory.bounds.lj_complexity import li_jiao_calls as li_jiao_calls
from pmmtheory.theory.bounds.sl_complexity import shen_lee_calls as shen_lee_calls
from pmmtheory.theory.bounds.small_perturbation import SmallPerturbation as SmallPerturbation
from pmmtheory.theory.bounds.small_perturbation import small_perturbation as small_perturbation
from pmmtheory.theory.bounds.sn_complexity import SRINIVASAN_NAGARAJ as SRINIVASAN_NAGARAJ
from pmmtheory.theory.bounds.sn_complexity import srinivasan_nagaraj_calls as srinivasan_nagaraj_calls
from pmmtheory.theory.bounds.sn_complexity import srinivasan_nagaraj_step as srinivasan_nagaraj_step
from pmmtheory.theory.bounds.sn_complexity import srinivasan_nagaraj_underdamped_calls as srinivasan_nagaraj_underdamped_calls
from pmmtheory.theory.bounds.sn_contraction import srinivasan_nagaraj_contraction as srinivasan_nagaraj_contraction
from pmmtheory.theory.bounds.sn_perturbation import srinivasan_nagaraj_perturbation as srinivasan_nagaraj_perturbation
from pmmtheory.theory.bounds.vw_lmc import vempala_wibisono as vempala_wibisono
from pmmtheory.theory.theorem import Theorem as Theorem
from pmmtheory.theory.theorem import find_theorems as find_theorems
