"""`headrace doctor`: facts are gathered, findings are made of them, and only then is anything said.

facts.py       what is known of a deployment, each piece possibly unknown (and why)
gather*.py     asks AWS; decides nothing
checks*.py     pure: facts in, findings out
local_lacks.py what the local cloud has no answer for
"""
