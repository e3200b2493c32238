"""The tools behind `make`: set-up, JupyterLab, stored outputs and the gates."""
